export { memoryStores } from './memory.ts';
export { hitEnd, hitStart } from './words.ts';
