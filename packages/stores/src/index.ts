export { cosmosStores, type CosmosOptions } from './cosmos/stores.ts';
export type { Charge, Retry } from './cosmos/wire.ts';
export { fileKeys, type KeyProvider } from './keys.ts';
export { memoryStores } from './memory.ts';
export type { Cipher } from './sqlite/database.ts';
export { sqliteStores, type SqliteOptions } from './sqlite/stores.ts';
export type { StoreLog } from './sqlite/writer.ts';
export { hitEnd, hitStart } from './words.ts';
