// `pnpm dev`: as `npm start`, but every process restarts when its sources change, and Vite serves the console.
import { requireNode20 } from './lib/node-version.mjs';

requireNode20();
void import('./lib/launch.mjs').then(({ launch }) => launch({ watch: true }));
