import type { Target } from './targets.ts';

/** Events a hub may send: an interface whose members are functions, shared with the client. */
export type EventMap<Events> = { [Name in keyof Events]: (...args: never[]) => unknown };

/** The arguments of one event. */
export type EventArgs<Events, Name extends keyof Events> = Events[Name] extends (...args: infer Args) => unknown
  ? Args
  : never;

/** Some connections that an event can be sent to. */
export interface ClientProxy<Events> {
  /**
   * Sends an event to these connections, behind everything sent to each of them before. Fire and forget: a dead
   * connection is skipped silently. Throws only for arguments that cannot be encoded (TypeError), before anything is sent.
   */
  send<Name extends keyof Events & string>(event: Name, ...args: EventArgs<Events, Name>): void;
}

/** Who is left out of a send to groups. */
export interface GroupExceptions {
  /** Connection ids. */
  readonly except?: readonly string[];
  /** Members of this group, or of any of these groups. */
  readonly exceptGroup?: string | readonly string[];
}

/** Ways to pick connections. */
export interface HubClients<Events> {
  readonly all: ClientProxy<Events>;
  allExcept(connectionIds: readonly string[]): ClientProxy<Events>;
  client(connectionId: string): ClientProxy<Events>;
  clients(connectionIds: readonly string[]): ClientProxy<Events>;
  /** Every connection of the user. */
  user(userId: string): ClientProxy<Events>;
  users(userIds: readonly string[]): ClientProxy<Events>;
  /** Group names are case-sensitive; an unknown group has no members. */
  group(name: string, exceptions?: GroupExceptions): ClientProxy<Events>;
  /** The union of the groups: a connection in several of them gets the event once. */
  groups(names: readonly string[], exceptions?: GroupExceptions): ClientProxy<Events>;
}

/** The same, seen from one connection. */
export interface CallerClients<Events> extends HubClients<Events> {
  readonly caller: ClientProxy<Events>;
  readonly others: ClientProxy<Events>;
  othersInGroup(name: string): ClientProxy<Events>;
}

/** Hands one event to a target: the seam where a backplane slots in. */
export type Publish = (target: Target, event: string, args: readonly unknown[]) => void;

export function createClients<Events>(publish: Publish): HubClients<Events> {
  const proxy = (target: Target): ClientProxy<Events> => ({ send: (event, ...args) => publish(target, event, args) });
  const groups = (names: readonly string[], { except = [], exceptGroup = [] }: GroupExceptions = {}) =>
    proxy({
      kind: 'groups',
      names,
      except: new Set(except),
      exceptGroups: typeof exceptGroup === 'string' ? [exceptGroup] : exceptGroup,
    });
  return {
    all: proxy({ kind: 'all', except: new Set() }),
    allExcept: (connectionIds) => proxy({ kind: 'all', except: new Set(connectionIds) }),
    client: (id) => proxy({ kind: 'connections', ids: [id] }),
    clients: (ids) => proxy({ kind: 'connections', ids }),
    user: (id) => proxy({ kind: 'users', ids: [id] }),
    users: (ids) => proxy({ kind: 'users', ids }),
    group: (name, exceptions) => groups([name], exceptions),
    groups,
  };
}

export function createCallerClients<Events>(clients: HubClients<Events>, connectionId: string): CallerClients<Events> {
  return {
    ...clients,
    caller: clients.client(connectionId),
    others: clients.allExcept([connectionId]),
    othersInGroup: (name) => clients.group(name, { except: [connectionId] }),
  };
}
