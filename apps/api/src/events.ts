import type { FastifyBaseLogger } from 'fastify';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/**
 * What happens in the business, each as a counter and a log line; what happens with every message is a line for
 * debugging only. Labels are few and closed: clients and queues come from the clients file, everything else from the
 * code. Nothing here throws: an event must never fail what it reports.
 */
export interface Events {
  turnRecorded(event: { client: string; speaker: 'user' | 'bot'; outcome: string }): void;
  handoffRequested(event: { client: string; queue: string; conversation: string }): void;
  offered(event: { client: string; queue: string; conversation: string; person: string }): void;
  offerPassed(event: { client: string; queue: string; conversation: string; why: 'declined' | 'expired' }): void;
  /** @param event.waited seconds since the handoff was requested */
  claimed(event: { client: string; queue: string; conversation: string; person: string; waited: number }): void;
  /** Somebody was faster. */
  claimLost(event: { client: string; conversation: string; person: string }): void;
  /** @param event.waited seconds since the first unanswered line of the user, if there was one */
  replied(event: { client: string; conversation: string; person: string; waited?: number }): void;
  noted(event: { client: string; conversation: string; person: string }): void;
  transferred(event: { client: string; queue: string; conversation: string; to: 'queue' | 'person' }): void;
  requeued(event: { client: string; queue: string; conversation: string; why: string }): void;
  returned(event: { client: string; conversation: string; by: 'person' | 'desk' }): void;
  closed(event: { client: string; conversation: string; by: string; outcome: string }): void;
  /** A line that came after the floor had changed. */
  suppressed(event: { client: string; conversation: string; speaker: string }): void;
  /** @param event.took milliseconds of the callback */
  delivered(event: { client: string; conversation: string; entries: number; took: number }): void;
  /** A bot ceased to answer its callbacks, or answers again. */
  botChanged(event: { client: string; bot: string; down: boolean; reason?: string }): void;
  deliveryFailed(event: { client: string; conversation: string; reason: string; final: boolean }): void;
  rated(event: { client: string; conversation: string; score: number }): void;
  transcriptRead(event: {
    client: string;
    conversation: string;
    person: string;
    how: 'read' | 'export' | 'search';
  }): void;
  /** @param event.reason stable code of the verifier, never part of the token */
  authRefused(event: {
    audience: 'person' | 'bot' | 'hub';
    status: number;
    reason: string;
    uti?: string;
    kid?: string;
    client?: string;
  }): void;
  rateLimited(event: { by: 'address' | 'refusals' | 'person' | 'bot' }): void;
  overloaded(): void;
  storageUnavailable(): void;
  /** @param event.ru request units that an answer of Cosmos cost; `operation` is one of the store's own names */
  storeCharged(event: { client: string; operation: string; ru: number }): void;
  /** A request to Cosmos that is asked again. */
  storeRetried(event: { client: string; operation: string; status: number | 'network' }): void;
  unexpected(): void;
  hubConnections(count: number): void;
  requestFinished(event: { route: string; method: string; status: number; seconds: number }): void;
}

export type EventLog = { events: Events; registry: Registry };

/** @param options.process also measure the process: event loop, memory, garbage collection */
export function createEvents(log: FastifyBaseLogger, options: { process?: boolean } = {}): EventLog {
  const registry = new Registry();
  if (options.process) collectDefaultMetrics({ register: registry });

  /** A counter named `parley_{name}_total`, and a log line with the same name. */
  function counted<E extends object>(
    name: string,
    help: string,
    labels: readonly (keyof E & string)[],
    level: 'debug' | 'info' | 'warn' = 'info',
  ) {
    // Added up here and handed over when somebody asks: naming the labels of every single event costs more than counting it.
    const sums = new Map<string, { labels: Record<string, string>; sum: number }>();
    void new Counter<string>({
      name: `parley_${name}_total`,
      help,
      labelNames: [...labels],
      registers: [registry],
      collect() {
        for (const { labels: named, sum } of sums.values()) this.inc(named, sum);
        sums.clear();
      },
    });
    return (event: E) =>
      silently(() => {
        let key = '';
        for (const label of labels) key += `${labelOf(event[label])}\n`;
        const known = sums.get(key);
        if (known) known.sum += 1;
        else
          sums.set(key, { labels: Object.fromEntries(labels.map((label) => [label, labelOf(event[label])])), sum: 1 });
        if (isLogged(log, level)) log[level]({ event: name, ...event } as object, `event ${name}`);
      });
  }
  const seconds = (name: string, help: string, labelNames: string[], buckets: number[]) =>
    new Histogram({ name: `parley_${name}_seconds`, help, labelNames, buckets, registers: [registry] });
  const bare = (name: string, help: string, level: 'debug' | 'warn' = 'warn') => {
    const count = counted<object>(name, help, [], level);
    return () => count({});
  };

  const patience = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800];
  const answerTime = seconds(
    'speed_of_answer',
    'From the request for a human to a consultant’s acceptance',
    ['client', 'queue'],
    patience,
  );
  const replyTime = seconds(
    'reply',
    'From the first unanswered line of the user to the consultant’s reply',
    ['client'],
    patience,
  );
  const requestTime = seconds(
    'http_request',
    'Time to answer a request',
    ['route', 'method', 'status'],
    [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  );
  const callbackTime = seconds(
    'callback',
    'Time a bot takes to accept a callback',
    ['client'],
    [0.01, 0.05, 0.1, 0.5, 1, 5, 15],
  );
  const connections = new Gauge({
    name: 'parley_hub_connections',
    help: 'Open hub connections',
    registers: [registry],
  });

  const botsDown = new Gauge({
    name: 'parley_bot_down',
    help: '1 while a bot does not answer its callbacks and they wait',
    labelNames: ['client', 'bot'],
    registers: [registry],
  });
  const botChanges = counted<Parameters<Events['botChanged']>[0]>(
    'bot_changes',
    'Times a bot ceased to answer, or answered again',
    ['client', 'bot', 'down'],
    'warn',
  );

  const requestUnits = new Counter({
    name: 'parley_store_request_units_total',
    help: 'Request units that Cosmos charged',
    labelNames: ['client', 'operation'],
    registers: [registry],
  });

  const claims = counted<Parameters<Events['claimed']>[0]>('claims', 'Conversations taken by a consultant', [
    'client',
    'queue',
  ]);
  const replies = counted<Parameters<Events['replied']>[0]>('replies', 'Replies of consultants', ['client'], 'debug');
  const deliveries = counted<Parameters<Events['delivered']>[0]>(
    'deliveries',
    'Callbacks accepted by a bot',
    ['client'],
    'debug',
  );

  const events: Events = {
    turnRecorded: counted('turns', 'Lines recorded for users and bots', ['client', 'speaker', 'outcome'], 'debug'),
    handoffRequested: counted('handoffs', 'Requests for a human', ['client', 'queue']),
    offered: counted('offers', 'Offers made to consultants', ['client', 'queue']),
    offerPassed: counted('offers_passed', 'Offers declined or expired', ['client', 'queue', 'why']),
    claimed(event) {
      claims(event);
      silently(() => answerTime.observe({ client: event.client, queue: event.queue }, Math.max(0, event.waited)));
    },
    claimLost: counted('claims_lost', 'Claims that came second', ['client']),
    replied(event) {
      replies(event);
      if (event.waited !== undefined)
        silently(() => replyTime.observe({ client: event.client }, Math.max(0, event.waited ?? 0)));
    },
    noted: counted('notes', 'Notes of consultants', ['client']),
    transferred: counted('transfers', 'Transfers', ['client', 'queue', 'to']),
    requeued: counted('requeues', 'Conversations put back in the queue by the desk', ['client', 'queue']),
    returned: counted('returns', 'Conversations given back to the bot', ['client', 'by']),
    closed: counted('closings', 'Conversations closed', ['client', 'by']),
    suppressed: counted('suppressed', 'Lines refused because the floor had changed', ['client', 'speaker']),
    delivered(event) {
      deliveries(event);
      silently(() => callbackTime.observe({ client: event.client }, Math.max(0, event.took) / 1000));
    },
    deliveryFailed: counted('deliveries_failed', 'Callbacks a bot did not accept', ['client', 'final'], 'warn'),
    botChanged(event) {
      botChanges(event);
      silently(() => botsDown.set({ client: event.client, bot: event.bot }, event.down ? 1 : 0));
    },
    rated: counted('ratings', 'Ratings by users', ['client', 'score']),
    transcriptRead: counted('transcripts_read', 'Conversations read by people', ['client', 'how']),
    authRefused: counted('auth_refused', 'Requests whose token was refused', ['audience', 'status', 'reason'], 'warn'),
    rateLimited: counted('rate_limited', 'Requests refused because there were too many', ['by'], 'debug'),
    overloaded: bare('overloaded', 'Requests refused because the desk was at its limit', 'debug'),
    storageUnavailable: bare('storage_unavailable', 'Requests that failed because of the store'),
    storeCharged: ({ client, operation, ru }) => silently(() => requestUnits.inc({ client, operation }, ru)),
    storeRetried: counted(
      'store_retries',
      'Requests to Cosmos that were asked again',
      ['client', 'operation', 'status'],
      'debug',
    ),
    unexpected: bare('unexpected_errors', 'Requests that failed because of a bug'),
    hubConnections: (count) => silently(() => connections.set(count)),
    requestFinished: ({ route, method, status, seconds: took }) =>
      silently(() => requestTime.observe({ route, method, status: String(status) }, took)),
  };
  return { events, registry };
}

/** Whether lines of this level are written; a logger that does not say so writes them all. */
function isLogged(log: FastifyBaseLogger, level: string): boolean {
  const { isLevelEnabled } = log as { isLevelEnabled?: (level: string) => boolean };
  return isLevelEnabled === undefined || isLevelEnabled.call(log, level);
}

function labelOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 60) : String(value);
}

function silently(work: () => void): void {
  try {
    work();
  } catch {
    // Counting and logging are never a reason to fail a request.
  }
}
