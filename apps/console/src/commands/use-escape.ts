import { useEffect } from 'react';
import { useLatest } from '../desk/hooks.ts';
import { isWriting } from './keys.ts';

/** Escape leaves what is open, unless it means something to where the focus is; `undefined` leaves nothing. */
export function useEscape(leave: (() => void) | undefined): void {
  const latest = useLatest(leave);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented || isWriting(event.target)) return;
      if (
        event.target instanceof Element &&
        event.target.closest('form:not([role="search"]), [role="menu"], [role="dialog"], [role="listbox"]') !== null
      )
        return;
      latest.current?.();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [latest]);
}
