import * as contracts from '@parley/contracts';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { Api } from './server.ts';

const { paths, Problem } = contracts;

/** Collects the description of every route that is added after this. */
export async function describeApi(app: Api): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Parley',
        description: 'The service desk for human handoff. Refusals are RFC 9457 problems; their `code` is stable.',
        version: '1',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      components: {
        securitySchemes: {
          person: bearer('Delegated Entra access token with the scope Desk.Access and a desk role'),
          bot: bearer('App-only Entra access token with the role Bot'),
        },
      },
    },
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => {
      const audience = route.config?.audience;
      const security = audience === 'people' ? [{ person: [] }] : audience === 'bots' ? [{ bot: [] }] : undefined;
      return { url, schema: { ...schema, ...(security && { security }) } };
    },
    transformObject: (document) =>
      withNames(withRefusals(document as { openapiObject: Document }).openapiObject) as never,
  });
}

/** The document, and a page to read it with that loads nothing from elsewhere. */
export async function serveApiDocs(app: Api): Promise<void> {
  let document: unknown;
  app.get(paths.openapi, { schema: { hide: true } }, () => (document ??= app.swagger()));
  await app.register(swaggerUi, {
    routePrefix: paths.docs,
    staticCSP: {
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': ["'self'", "'unsafe-inline'"],
      'img-src': ["'self'", 'data:'],
      'font-src': ["'self'", 'data:'],
      'connect-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
    },
    uiConfig: { deepLinking: true, docExpansion: 'list', validatorUrl: null } as object,
  });
}

function bearer(description: string) {
  return { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description } as const;
}

const refusals: Record<string, string> = {
  400: 'The request does not have the expected shape',
  401: 'Sign-in is required',
  403: 'Not allowed',
  404: 'Not found',
  409: 'The rules of handoff refuse it',
  429: 'Too many requests',
  503: 'Overloaded, or the store cannot take writes; nothing was changed',
};
const publicRefusals = ['404', '429'];

type Operation = { security?: unknown; responses?: Record<string, unknown> };
type Document = {
  paths: Record<string, Record<string, Operation>>;
  components: { responses?: object; schemas?: Record<string, unknown> };
};

/** Says of every operation how it may be refused. */
function withRefusals(given: { openapiObject: Document }): { openapiObject: Document } {
  const { openapiObject: document } = given;
  for (const operation of Object.values(document.paths).flatMap((path) => Object.values(path))) {
    const statuses = operation.security ? Object.keys(refusals) : publicRefusals;
    const shown = Object.fromEntries(statuses.map((status) => [status, { $ref: `#/components/responses/${status}` }]));
    operation.responses = { ...shown, ...operation.responses };
  }
  document.components.responses = Object.fromEntries(
    Object.entries(refusals).map(([status, description]) => [
      status,
      { description, content: { 'application/problem+json': { schema: Problem } } },
    ]),
  );
  return given;
}

/** Puts the contracts' names in place of their shapes: one description of each, and a tenth of the size. */
function withNames(document: Document): Document {
  const names = new Map<string, string>();
  for (const [name, value] of Object.entries(contracts)) if (isShape(value)) names.set(JSON.stringify(value), name);
  const schemas: Record<string, unknown> = {};

  function walk(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const name = names.get(JSON.stringify(value));
    if (name === undefined) return inside(value);
    if (!(name in schemas)) {
      schemas[name] = {};
      schemas[name] = inside(value);
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  function inside(value: object): unknown {
    if (Array.isArray(value)) return value.map(walk);
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, walk(member)]));
  }

  const named = inside(document) as Document;
  return { ...named, components: { ...named.components, schemas } };
}

/** Objects and unions only: a name for every string with a pattern would hide more than it shows. */
function isShape(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return 'anyOf' in value || ('type' in value && value.type === 'object');
}
