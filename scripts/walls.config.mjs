// Who may import whom. The same table is in the architecture page of docs; `pnpm check walls` proves it.

/** @param {string[]} names */
const rooms = (names) => `^(${names.join('|')})/`;
const ours = '^(apps|packages|e2e)/';
const tests = '(^|/)test/|\\.test\\.tsx?$|\\.config\\.ts$|(^|/)bench/';

/** What each room may import of the others, in its source and, beyond that, in its tests. */
const table = {
  'packages/contracts': { source: [], tests: [] },
  'packages/core': { source: ['packages/contracts'], tests: [] },
  'packages/stores': { source: ['packages/core', 'packages/contracts'], tests: [] },
  'packages/signalr-server': { source: [], tests: [] },
  'packages/client': { source: ['packages/contracts'], tests: ['packages/testkit'] },
  'packages/bot-sdk': {
    source: ['packages/contracts', 'packages/client'],
    tests: ['packages/testkit', 'apps/sandbox'],
  },
  'packages/testkit': {
    source: ['apps/api', 'apps/sandbox', 'packages/stores', 'packages/core', 'packages/contracts', 'packages/client'],
    tests: [],
  },
  'apps/api': {
    source: ['packages/contracts', 'packages/core', 'packages/stores', 'packages/signalr-server'],
    tests: ['packages/testkit', 'packages/client', 'apps/sandbox'],
  },
  'apps/console': { source: ['packages/contracts', 'packages/client'], tests: ['packages/testkit', 'apps/sandbox'] },
  'apps/widget': {
    source: ['packages/contracts'],
    tests: ['packages/testkit', 'apps/sandbox', 'apps/api', 'apps/bot'],
  },
  'apps/bot': {
    source: ['packages/bot-sdk', 'packages/contracts'],
    tests: ['packages/testkit', 'packages/client', 'apps/sandbox', 'apps/api'],
  },
  'apps/sandbox': { source: [], tests: ['packages/bot-sdk'] },
  e2e: {
    source: [
      'packages/testkit',
      'packages/client',
      'packages/contracts',
      'packages/core',
      'packages/stores',
      'packages/bot-sdk',
      'apps/api',
      'apps/bot',
      'apps/sandbox',
    ],
    tests: [],
  },
};

/** @type {import('dependency-cruiser').IForbiddenRuleType[]} */
const walls = Object.entries(table).flatMap(([room, allowed]) => [
  {
    name: `${room} imports only ${allowed.source.join(', ') || 'nothing of ours'}`,
    severity: 'error',
    from: { path: `^${room}/`, ...(allowed.tests.length > 0 ? { pathNot: tests } : {}) },
    to: { path: ours, pathNot: rooms([room, ...allowed.source]) },
  },
  ...(allowed.tests.length > 0
    ? [
        /** @type {import('dependency-cruiser').IForbiddenRuleType} */ ({
          name: `tests of ${room} import only ${[...allowed.source, ...allowed.tests].join(', ')}`,
          severity: 'error',
          from: { path: [`^${room}/.*(${tests})`, `^${room}/test/`] },
          to: { path: ours, pathNot: rooms([room, ...allowed.source, ...allowed.tests]) },
        }),
      ]
    : []),
]);

/** @type {import('dependency-cruiser').IForbiddenRuleType[]} */
export const forbidden = [
  ...walls,
  {
    name: 'contracts and core run anywhere: no Node, no framework, no store',
    severity: 'error',
    from: { path: '^packages/(contracts|core)/src/', pathNot: tests },
    to: {
      dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-peer', 'npm-optional', 'npm-no-pkg'],
      pathNot: 'node_modules/typebox/|^packages/contracts/',
    },
  },
  {
    name: 'signalr-server knows ws, msgpack and fastify alone',
    severity: 'error',
    from: { path: '^packages/signalr-server/src/', pathNot: tests },
    to: {
      dependencyTypes: ['npm', 'npm-dev', 'npm-peer', 'npm-optional', 'npm-no-pkg'],
      pathNot: 'node_modules/(ws|@types/ws|@msgpack/msgpack|fastify|@fastify/[^/]+)/',
    },
  },
  {
    name: 'client has no React',
    severity: 'error',
    from: { path: '^packages/client/' },
    to: { path: 'node_modules/(@types/)?react(-dom)?/' },
  },
  {
    name: 'routes of the desk go through desk.ts, never to a store or a socket',
    severity: 'error',
    from: { path: '^apps/api/src/routes/' },
    to: { path: '^packages/(stores|signalr-server)/|^apps/api/src/(publish|hub)\\.ts$' },
  },
  {
    name: 'console features never import features',
    severity: 'error',
    from: { path: '^apps/console/src/features/([^/]+)/' },
    to: { path: '^apps/console/src/features/', pathNot: '^apps/console/src/features/$1/' },
  },
  {
    name: 'a room is entered through its exports',
    severity: 'error',
    from: { path: '^(apps|packages|e2e)/' },
    to: { path: '\\.\\./(apps|packages)/|^\\.\\./' },
  },
  {
    name: 'no cycles',
    severity: 'error',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    name: 'every import is found',
    severity: 'error',
    from: { pathNot: 'node_modules' },
    to: { couldNotResolve: true },
  },
  {
    name: 'every import is declared',
    severity: 'error',
    from: { path: ours },
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  },
];
