// `npm start`: installs and builds what is missing, then runs the desk, the sandbox and the bot until Ctrl-C.
import { requireNode20 } from './lib/node-version.mjs';

requireNode20();
void import('./lib/launch.mjs').then(({ launch }) => launch({ watch: false }));
