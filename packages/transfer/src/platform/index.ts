export type { ChooseImageOptions, ChosenImage } from "./choose-image.ts";
export { chooseImage } from "./choose-image.ts";
export type { HostFacts } from "./host-platform.ts";
export { hostPlatform } from "./host-platform.ts";
