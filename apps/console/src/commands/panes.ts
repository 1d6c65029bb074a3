import { useCallback, type RefCallback } from 'react';

/** Panes in the order F6 walks through them. */
export const paneOrder = ['list', 'thread', 'composer', 'context'] as const;
export type PaneName = (typeof paneOrder)[number];

const elements = new Map<PaneName, HTMLElement>();
let awaited: { name: PaneName; until: number } | undefined;

/** Gives the element that takes the focus when its pane is asked for. */
export function usePane(name: PaneName): RefCallback<HTMLElement> {
  return useCallback(
    (element: HTMLElement | null) => {
      if (element === null) return;
      elements.set(name, element);
      if (element.contains(document.activeElement)) awaited = undefined;
      else if (awaited?.name === name && performance.now() < awaited.until) focusSoon(element);
      return () => {
        if (elements.get(name) === element) elements.delete(name);
        // The pane of another conversation takes its place, and the focus with it.
        if (element.contains(document.activeElement)) expectPane(name);
      };
    },
    [name],
  );
}

/** Moves the focus to a pane, or as soon as it is there. */
export function focusPane(name: PaneName): boolean {
  const element = elements.get(name);
  if (element !== undefined && isVisible(element)) {
    awaited = undefined;
    element.focus();
    return true;
  }
  expectPane(name);
  return false;
}

function expectPane(name: PaneName): void {
  awaited = { name, until: performance.now() + 3_000 };
}

/** Moves on from the pane that has the focus, past those that are not on screen. */
export function cyclePanes(step: 1 | -1): void {
  const shown = paneOrder.filter((name) => {
    const element = elements.get(name);
    return element !== undefined && isVisible(element);
  });
  const at = shown.findIndex((name) => rootOf(name)?.contains(document.activeElement) === true);
  const next = shown[(at + step + shown.length) % shown.length] ?? shown[0];
  if (next !== undefined) focusPane(next);
}

function rootOf(name: PaneName): Element | undefined {
  const element = elements.get(name);
  return element?.closest('[data-pane-root]') ?? element;
}

function isVisible(element: HTMLElement): boolean {
  return element.getClientRects().length > 0;
}

function focusSoon(element: HTMLElement): void {
  awaited = undefined;
  // A pane that has just been added may be hidden until the next frame.
  requestAnimationFrame(() => element.focus());
}
