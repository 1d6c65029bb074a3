import { ClientId, paths, SignIn } from '@parley/contracts';
import { Type } from 'typebox';
import type { Clients } from './clients.ts';
import { Refusal } from './problems.ts';
import type { Api } from './server.ts';

/** What the console needs to start signing in at a client's door. Public knowledge, no secrets. */
export function signInRoute(clients: Clients) {
  return (app: Api): void => {
    app.get(
      paths.signIn(':client'),
      {
        schema: {
          operationId: 'signIn',
          tags: ['Sign-in'],
          summary: 'How people of a client organisation sign in',
          params: Type.Object({ client: ClientId }, { additionalProperties: false }),
          response: { 200: SignIn },
        },
      },
      ({ params }) => {
        const client = clients.byId(params.client);
        if (!client) throw new Refusal('not-found');
        if (client.suspended) throw new Refusal('client-suspended');
        const { authority, scopes, knownAuthorities, authorityMetadata } = client.signIn;
        return {
          client: { id: client.id, name: client.name },
          authority,
          appId: client.consoleAppId,
          scopes: [...scopes],
          ...(knownAuthorities && { knownAuthorities: [...knownAuthorities] }),
          ...(authorityMetadata !== undefined && { authorityMetadata }),
        };
      },
    );
  };
}
