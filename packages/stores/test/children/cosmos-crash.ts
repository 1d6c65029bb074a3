import { cosmosStores } from '@parley/stores';
import { put, queued } from '../../src/suite/fixtures.ts';

/** Commits, and ends as by a power failure once the commits are acknowledged. */
const [endpoint, key, ca, database] = process.argv.slice(2) as [string, string, string, string];
const store = await cosmosStores({ endpoint, key, ca, database }).open('contoso');
for (const n of [1, 2, 3]) await put(store, n, { holder: queued(n), dueAt: n }, ['last words']);
process.kill(process.pid, 'SIGKILL');
