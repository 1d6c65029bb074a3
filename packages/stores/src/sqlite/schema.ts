/**
 * What costs in an encrypted file is each page that a commit touches, so the schema is shaped to touch few
 * (measured by `bench/shapes.ts` and `bench/desk.ts`): a commit appends its entries to one log and what it changed in its
 * head to `recent`, so that messages of many conversations share pages. From time to time all of `recent` is folded into `heads`:
 * a head is what is in `heads` and then in `recent`, in this order. A head carries where its newest entries are.
 * The tables by state, person, time and user are touched only when that changes. Conversations are known by a small number (`conversation`).
 *
 * One string per version; never edit a released one. Version 1 is not released yet and was edited in place: files of before are to be deleted.
 */
export const migrations: readonly string[] = [
  `
  create table meta(name text primary key, value) without rowid;

  create table names(conversation integer primary key, id text not null unique);
  -- tail: id hash and log position of the entries that are in no chunk yet
  create table heads(conversation integer primary key, change integer not null, body text not null, tail blob not null);
  -- commits that are not in heads yet: n is the number of the change, patch as in patch.ts, records continue tail
  create table recent(n integer primary key, conversation integer not null, patch text not null, records blob not null);
  create table log(n integer primary key, body text not null);
  -- chunk: conversation * 2^16 + number; the same records, 32 at a time
  create table chunks(chunk integer primary key, records blob not null);
  -- of the entries in chunks
  create table ids(conversation integer, hash integer, seq integer, primary key(conversation, hash, seq)) without rowid;
  -- of what is in heads; those that a newer one of the same conversation replaced are removed when they are indexed
  create table changes(n integer primary key, conversation integer not null);

  create table holders(state text, queue text, since integer, conversation integer, primary key(state, queue, since, conversation)) without rowid;
  create table tallies(state text, queue text, total integer not null, primary key(state, queue)) without rowid;
  create table mine(consultant text, since integer, conversation integer, queue text not null, primary key(consultant, since, conversation)) without rowid;
  create table due(at integer, conversation integer, primary key(at, conversation)) without rowid;
  create table undelivered(conversation integer primary key);
  create table users(channel text, user text, opened integer, conversation integer, primary key(channel, user, opened, conversation)) without rowid;

  create table documents(kind text, key text, value text not null, primary key(kind, key)) without rowid;
  create table audits(n integer primary key, record text not null);

  -- For search, brought up to date before one and when it is quiet. words.rowid is conversation * 2^20 + seq.
  create table indexed(conversation integer primary key, updated integer not null, change integer, seq integer not null);
  create table newest(updated integer, conversation integer, primary key(updated, conversation)) without rowid;
  create table facts(conversation integer primary key, facts text not null);
  create virtual table words using fts5(text, content='', contentless_delete=1, tokenize='ascii');
  `,
];
