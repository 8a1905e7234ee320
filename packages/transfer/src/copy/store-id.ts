import { layoutFolderOf, remoteOf, repositoryNameOf } from "./abilities.ts";

/** Names a store: the same repository of a registry is the same, however it was reached; anything else only itself. */
export function storeId(store: object): string {
  const remote = remoteOf(store);
  return remote === undefined ? objectId(store) : `${remote.registry}/${repositoryNameOf(remote)}`;
}

/** Names where a store keeps blobs: a layout that was opened twice is one folder, though each of the two has its own part in the index. */
export function blobsId(store: object): string {
  return layoutFolderOf(store) ?? storeId(store);
}

/** Names a store and how it is reached: another connection may have other rights. */
export function accessId(store: object): string {
  const remote = remoteOf(store);
  return remote === undefined ? objectId(store) : `${storeId(store)} ${objectId(remote.connection)}`;
}

const ids = new WeakMap<object, number>();
let lastId = 0;

function objectId(of: object): string {
  const id = ids.get(of) ?? ++lastId;
  ids.set(of, id);
  return `#${id}`;
}
