import type { Connection } from './connection.ts';
import type { Target } from './targets.ts';

/**
 * The open connections of this process, by id, user and group. All indexes are maps, so no name is special, and an
 * entry disappears with its last member.
 */
export class ConnectionRegistry<Data> {
  readonly #byId = new Map<string, Connection<Data>>();
  readonly #byUser = new Map<string, Set<Connection<Data>>>();
  readonly #byGroup = new Map<string, Set<Connection<Data>>>();

  get sizes(): { connections: number; users: number; groups: number } {
    return { connections: this.#byId.size, users: this.#byUser.size, groups: this.#byGroup.size };
  }

  get(id: string): Connection<Data> | undefined {
    return this.#byId.get(id);
  }

  all(): IterableIterator<Connection<Data>> {
    return this.#byId.values();
  }

  ofUser(userId: string): Iterable<Connection<Data>> {
    return this.#byUser.get(userId) ?? [];
  }

  add(connection: Connection<Data>): void {
    this.#byId.set(connection.id, connection);
    addTo(this.#byUser, connection.principal.user.id, connection);
  }

  remove(connection: Connection<Data>): void {
    if (!this.#byId.delete(connection.id)) return;
    removeFrom(this.#byUser, connection.principal.user.id, connection);
    for (const group of connection.groups) removeFrom(this.#byGroup, group, connection);
    connection.groups.clear();
  }

  /** @returns false for a connection that is not open; joining twice is fine. */
  join(connectionId: string, group: string): boolean {
    const connection = this.#byId.get(connectionId);
    if (connection === undefined) return false;
    connection.groups.add(group);
    addTo(this.#byGroup, group, connection);
    return true;
  }

  /** @returns false for a connection that is not open; leaving a group one is not in is fine. */
  leave(connectionId: string, group: string): boolean {
    const connection = this.#byId.get(connectionId);
    if (connection === undefined) return false;
    connection.groups.delete(group);
    removeFrom(this.#byGroup, group, connection);
    return true;
  }

  /** Every connection a target means, each once. */
  *resolve(target: Target): Generator<Connection<Data>> {
    switch (target.kind) {
      case 'all':
        for (const connection of this.#byId.values()) if (!target.except.has(connection.id)) yield connection;
        return;
      case 'connections':
        for (const id of new Set(target.ids)) {
          const connection = this.#byId.get(id);
          if (connection !== undefined) yield connection;
        }
        return;
      case 'users':
        yield* union(this.#byUser, target.ids);
        return;
      case 'groups':
        for (const connection of union(this.#byGroup, target.names)) {
          const excluded =
            target.except.has(connection.id) || target.exceptGroups.some((group) => connection.groups.has(group));
          if (!excluded) yield connection;
        }
    }
  }
}

function union<Member>(index: Map<string, Set<Member>>, keys: readonly string[]): Iterable<Member> {
  const [first] = keys;
  if (first !== undefined && keys.length === 1) return index.get(first) ?? [];
  const members = new Set<Member>();
  for (const key of keys) for (const member of index.get(key) ?? []) members.add(member);
  return members;
}

function addTo<Member>(index: Map<string, Set<Member>>, key: string, member: Member): void {
  const members = index.get(key);
  if (members === undefined) index.set(key, new Set([member]));
  else members.add(member);
}

function removeFrom<Member>(index: Map<string, Set<Member>>, key: string, member: Member): void {
  const members = index.get(key);
  if (members?.delete(member) && members.size === 0) index.delete(key);
}
