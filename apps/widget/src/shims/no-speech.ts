/** Stands in for `botframework-directlinespeech-sdk`: this chat is written, and the speech SDK would make up half of its weight. */
export function createAdapters(): Promise<never> {
  return Promise.reject(new Error('This chat has no speech.'));
}
