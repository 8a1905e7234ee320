/** The machine that an image runs on. @see OCI image-spec, image-index.md */
export interface Platform {
  /** GOARCH value, such as `amd64`. */
  readonly architecture: string;
  /** GOOS value, such as `linux`. */
  readonly os: string;
  readonly "os.version"?: string;
  readonly "os.features"?: readonly string[];
  /** CPU variant, such as `v8` for arm64. */
  readonly variant?: string;
  /** Docker manifest lists only. */
  readonly features?: readonly string[];
}
