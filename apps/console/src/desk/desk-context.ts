import type { Desk } from '@parley/client';
import type { Session } from '@parley/contracts';
import { createContext, use } from 'react';

export const DeskContext = createContext<Desk | undefined>(undefined);
export const SessionContext = createContext<Session | undefined>(undefined);

/** The client of the desk. Below the session gate only. */
export function useDesk(): Desk {
  return given(use(DeskContext));
}

/** Who is signed in and what this client's desk looks like. Below the session gate only. */
export function useSession(): Session {
  return given(use(SessionContext));
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Used outside the session gate');
  return value;
}
