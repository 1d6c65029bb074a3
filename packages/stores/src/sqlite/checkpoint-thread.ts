import { parentPort } from 'node:worker_threads';
import type { CheckpointRequest } from './checkpointer.ts';
import { connect } from './database.ts';
import type { Database } from './driver.ts';

/** The thread behind `Checkpointer`. */
const files = new Map<string, Database>();

parentPort!.on('message', ({ n, request }: { n: number; request: CheckpointRequest }) => {
  try {
    serve(request);
    parentPort!.postMessage({ n });
  } catch (error) {
    parentPort!.postMessage({ n, error: (error as Error).message });
  }
});

function serve(request: CheckpointRequest): void {
  if (request.what === 'release') {
    files.get(request.file)?.close();
    files.delete(request.file);
    return;
  }
  const { file } = request.opening;
  const db = files.get(file) ?? connect(request.opening);
  files.set(file, db);
  db.pragma('wal_checkpoint(passive)');
}
