import { useEffect, useRef, useState } from 'react';

/**
 * Keeps the end of a scrolling element in view while its reader is there, whatever grows or shrinks: new lines, the
 * composer, a panel. Only the reader's own scrolling lets go of it; coming back to the end takes hold again.
 */
export function useStickToEnd(scroller: HTMLElement | null, startAtEnd: boolean): boolean {
  const [atEnd, setAtEnd] = useState(startAtEnd);
  const stuck = useRef(startAtEnd);
  useEffect(() => {
    if (scroller === null) return undefined;
    let handAt = -Infinity;
    let pressed = false;
    const gap = () => scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
    const hand = () => {
      handAt = performance.now();
    };
    const press = () => {
      pressed = true;
    };
    const release = () => {
      pressed = false;
      hand();
    };
    const settle = (next: boolean) => {
      stuck.current = next;
      setAtEnd(next);
    };
    const scroll = () => {
      if (gap() < 6) settle(true);
      else if (pressed || performance.now() - handAt < 700) settle(false);
    };
    const follow = () => {
      if (stuck.current && gap() > 0) scroller.scrollTop = scroller.scrollHeight;
      else if (gap() < 6) settle(true);
    };
    const observer = new ResizeObserver(follow);
    observer.observe(scroller);
    const content = scroller.querySelector('[data-testid="virtuoso-item-list"]');
    if (content !== null) observer.observe(content);
    scroller.addEventListener('scroll', scroll, { passive: true });
    for (const name of ['wheel', 'touchmove', 'keydown'] as const)
      scroller.addEventListener(name, hand, { passive: true });
    scroller.addEventListener('pointerdown', press);
    window.addEventListener('pointerup', release);
    follow();
    return () => {
      observer.disconnect();
      scroller.removeEventListener('scroll', scroll);
      for (const name of ['wheel', 'touchmove', 'keydown'] as const) scroller.removeEventListener(name, hand);
      scroller.removeEventListener('pointerdown', press);
      window.removeEventListener('pointerup', release);
    };
  }, [scroller]);
  return atEnd;
}
