import { describeError, invocationErrors } from './errors.ts';
import type { HubDefinition } from './hub-definition.ts';
import type { HubLogger } from './options.ts';
import { OutgoingMessage, type InvocationMessage, type Outcome } from './protocol/hub-protocol.ts';
import type { EventMap } from './clients.ts';
import type { Session } from './session.ts';

type Method = (ctx: unknown, ...args: unknown[]) => unknown;

/** Finds and runs the method a client called, and answers it. Source: DefaultHubDispatcher.cs. */
export class Dispatcher<Events extends EventMap<Events>, Data> {
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #detailedErrors: boolean;
  readonly #logger: () => HubLogger | undefined;

  constructor(
    methods: HubDefinition<Events, Data>['methods'],
    detailedErrors: boolean,
    logger: () => HubLogger | undefined,
  ) {
    this.#methods = indexMethods(methods);
    this.#detailedErrors = detailedErrors;
    this.#logger = logger;
  }

  /** Never rejects. */
  async run(session: Session<Events, Data>, message: InvocationMessage): Promise<void> {
    const refusal = this.#refusal(message);
    if (refusal !== undefined) {
      this.#logger()?.debug({ connectionId: session.connection.id, refusal }, 'hub invocation refused');
      reply(session, message, { error: refusal });
      return;
    }
    const method = this.#methods.get(message.target.toLowerCase());
    try {
      const result = await method?.(session.context, ...message.args);
      reply(session, message, { result });
    } catch (error) {
      this.#logger()?.warn(
        { connectionId: session.connection.id, method: message.target, err: error },
        'hub method failed',
      );
      reply(session, message, {
        error: describeError(invocationErrors.unexpected(message.target), error, this.#detailedErrors),
      });
    }
  }

  #refusal({ target, streaming, streamIds }: InvocationMessage): string | undefined {
    if (!this.#methods.has(target.toLowerCase())) return invocationErrors.unknownMethod(target);
    if (streaming) return invocationErrors.notStreaming(target);
    if (streamIds.length > 0) return invocationErrors.streamCount(target, streamIds.length);
    return undefined;
  }
}

/** Clients spell method names in their own case, so two names may not differ in case alone. */
function indexMethods(methods: object = {}): ReadonlyMap<string, Method> {
  const index = new Map<string, Method>();
  for (const [name, method] of Object.entries(methods)) {
    const key = name.toLowerCase();
    if (typeof method !== 'function') throw new TypeError(`Hub method '${name}' is not a function.`);
    if (index.has(key)) throw new TypeError(`Hub method '${name}' exists twice; names are compared without case.`);
    index.set(key, method as Method);
  }
  return index;
}

/** A call without an id wants no answer. Throws when a result cannot be encoded. */
function reply<Events, Data>(
  session: Session<Events, Data>,
  { invocationId }: InvocationMessage,
  outcome: Outcome,
): void {
  if (invocationId === undefined) return;
  session.connection.send(new OutgoingMessage({ type: 'completion', invocationId, outcome }));
}
