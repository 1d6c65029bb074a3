import type { Conversation } from '@parley/contracts';
import { consultantOf, isUndelivered, queueOfHolder } from '../rules.ts';
import type { Database } from './driver.ts';

/** What lists, counts and sweeps ask about a head. */
export function facetsOf(head: Conversation) {
  return {
    state: head.holder.state,
    queue: queueOfHolder(head) ?? '',
    since: head.holder.since,
    consultant: consultantOf(head),
    due: head.dueAt,
    undelivered: isUndelivered(head),
    channel: head.channel,
    user: head.user.id,
    opened: head.openedAt,
  };
}

export type HeadFacets = ReturnType<typeof facetsOf>;

/** Keeps the tables that answer for facets. A commit that changes none of them, as most do, touches none. */
export class Facets {
  #statements: ReturnType<typeof statements>;

  constructor(db: Database) {
    this.#statements = statements(db);
  }

  move(key: number, old: HeadFacets | undefined, now: HeadFacets): void {
    const s = this.#statements;
    if (old?.state !== now.state || old.queue !== now.queue || old.since !== now.since) {
      if (old) s.dropHolder.run(old.state, old.queue, old.since, key);
      s.addHolder.run(now.state, now.queue, now.since, key);
      if (old?.state !== now.state || old.queue !== now.queue) {
        if (old) s.tally.run(old.state, old.queue, -1);
        s.tally.run(now.state, now.queue, 1);
      }
    }
    if (old?.consultant !== now.consultant || old?.since !== now.since || old.queue !== now.queue) {
      if (old?.consultant !== undefined) s.dropMine.run(old.consultant, old.since, key);
      if (now.consultant !== undefined) s.addMine.run(now.consultant, now.since, key, now.queue);
    }
    if (old?.due !== now.due) {
      if (old?.due !== undefined) s.dropDue.run(old.due, key);
      if (now.due !== undefined) s.addDue.run(now.due, key);
    }
    if ((old?.undelivered ?? false) !== now.undelivered)
      (now.undelivered ? s.addUndelivered : s.dropUndelivered).run(key);
    if (old?.channel !== now.channel || old.user !== now.user || old.opened !== now.opened) {
      if (old) s.dropUser.run(old.channel, old.user, old.opened, key);
      s.addUser.run(now.channel, now.user, now.opened, key);
    }
  }
}

function statements(db: Database) {
  return {
    addHolder: db.prepare('insert into holders values(?, ?, ?, ?)'),
    dropHolder: db.prepare('delete from holders where state = ? and queue = ? and since = ? and conversation = ?'),
    tally: db.prepare('insert into tallies values(?, ?, ?) on conflict do update set total = total + excluded.total'),
    addMine: db.prepare('insert into mine values(?, ?, ?, ?)'),
    dropMine: db.prepare('delete from mine where consultant = ? and since = ? and conversation = ?'),
    addDue: db.prepare('insert into due values(?, ?)'),
    dropDue: db.prepare('delete from due where at = ? and conversation = ?'),
    addUndelivered: db.prepare('insert into undelivered values(?)'),
    dropUndelivered: db.prepare('delete from undelivered where conversation = ?'),
    addUser: db.prepare('insert into users values(?, ?, ?, ?)'),
    dropUser: db.prepare('delete from users where channel = ? and user = ? and opened = ? and conversation = ?'),
  };
}
