// `npm test [-- path …]`: installs and builds what is missing, runs every check and test, and ends with one line of sums.
import { requireNode20 } from './lib/node-version.mjs';

requireNode20();
void import('./lib/test-run.mjs').then(({ testRun }) => testRun(process.argv.slice(2)));
