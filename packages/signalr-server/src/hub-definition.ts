import type { CallerClients, EventMap } from './clients.ts';

/** What the application gives to `createHub`. */
export interface HubDefinition<Events extends EventMap<Events>, Data, Methods = AnyMethods> {
  /**
   * What clients may call, by name; names differ in more than case. The first parameter is the caller's context, the
   * others come from the network: check them before use. A thrown `HubError` shows its message to the caller.
   */
  readonly methods?: HubMethods<Events, Data, Methods>;
  /** Runs after the handshake and before the first method. If it throws, the connection ends and `onDisconnected` does not run. */
  onConnected?(ctx: HubContext<Events, Data>): unknown;
  /**
   * Runs once per connection whose `onConnected` succeeded, after its running methods have settled. Groups are gone by then.
   * @param error absent after an orderly end (the client left, an abort, a shutdown); else a `DisconnectError` naming the reason
   */
  onDisconnected?(ctx: HubContext<Events, Data>, error?: Error): unknown;
}

/** The methods of a hub, typed from an interface shared with the client, each with the caller's context in front. */
export type HubMethods<Events, Data, Methods> = {
  readonly [Name in keyof Methods]: Methods[Name] extends (...args: infer Args) => infer Result
    ? (ctx: HubContext<Events, Data>, ...args: Args) => Awaited<Result> | Promise<Awaited<Result>>
    : never;
};

/** Any methods: the application annotates its own parameters. */
// oxlint-disable-next-line typescript/no-explicit-any -- `unknown` parameters would refuse annotated ones
export type AnyMethods = Record<string, (...args: any[]) => any>;

/** One connection, as hub methods and callbacks see it. The same object for the connection's whole life. */
export interface HubContext<Events, Data> {
  /** Public id of the connection; it is no secret. */
  readonly connectionId: string;
  readonly user: { readonly id: string };
  /** What `authenticate` attached at the upgrade. */
  readonly data: Data;
  /** When the connection will be closed, in ms since 1970. */
  readonly expiresAt: number;
  readonly groups: {
    /** @returns false once the connection is closed. */
    add(group: string): boolean;
    /** @returns false once the connection is closed. */
    remove(group: string): boolean;
    has(group: string): boolean;
  };
  readonly clients: CallerClients<Events>;
  /** Aborted when the connection ends, with a `DisconnectError` as reason. */
  readonly signal: AbortSignal;
  /** Ends this connection; the client does not reconnect by itself. */
  abort(): void;
}
