import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { startEmulator } from './emulator.ts';

/**
 * The emulator as a process of its own, for `npm start` with `STORE=cosmos`: listens on `COSMOS_PORT` and leaves the
 * certificate to trust at `COSMOS_CA`. What it holds is gone when it ends.
 */
const { COSMOS_PORT, COSMOS_CA } = process.env;
if (COSMOS_PORT === undefined || COSMOS_CA === undefined) throw new Error('COSMOS_PORT and COSMOS_CA are needed.');

const emulator = await startEmulator({
  port: Number(COSMOS_PORT),
  beforeListening({ ca }) {
    mkdirSync(dirname(COSMOS_CA), { recursive: true });
    writeFileSync(COSMOS_CA, ca);
  },
});
console.log(`The Cosmos emulator listens on ${emulator.endpoint}; what it holds is gone when it ends.`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void emulator.close());
