export type { CaseContext, DriverCapability, DriverCase } from "./case.ts";
export {
  describeStorageDriver,
  type DescribeStorageDriverOptions,
  type DriverSubject,
  runDriverCase,
  storageDriverCases,
  type TestFramework,
} from "./describe-storage-driver.ts";
