import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { paths, Problem } from '@parley/contracts';
import { Type } from 'typebox';
import type { Api, Audience } from './server.ts';

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
          person: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'Delegated Entra access token with the scope Desk.Access and a desk role',
          },
          bot: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'App-only Entra access token with the role Bot',
          },
        },
      },
    },
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => ({
      url,
      schema: withRefusals(schema ?? {}, route.config?.audience) as never,
    }),
  });
}

/** The document, and a page to read it with that loads nothing from elsewhere. */
export async function serveApiDocs(app: Api): Promise<void> {
  app.get(paths.openapi, { schema: { hide: true } }, () => app.swagger());
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

const refusals = {
  400: 'The request does not have the expected shape',
  401: 'Sign-in is required',
  403: 'Not allowed',
  404: 'Not found',
  409: 'The rules of handoff refuse it',
  429: 'Too many requests',
  503: 'Overloaded, or the store cannot take writes; nothing was changed',
} as const;

function withRefusals(schema: object, audience: Audience | undefined): object {
  const security = audience === 'people' ? [{ person: [] }] : audience === 'bots' ? [{ bot: [] }] : undefined;
  const statuses = security ? [400, 401, 403, 404, 409, 429, 503] : [404, 429];
  const problems = statuses.map((status) => [
    status,
    {
      description: refusals[status as keyof typeof refusals],
      content: { 'application/problem+json': { schema: Type.Unsafe(Problem) } },
    },
  ]);
  const { response = {} } = schema as { response?: object };
  return { ...schema, ...(security && { security }), response: { ...Object.fromEntries(problems), ...response } };
}
