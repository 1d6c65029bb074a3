/** The field one writes in, as Web Chat marks it. */
export function findField(): HTMLElement | null {
  return document.querySelector('[data-id="webchat-sendbox-input"]');
}

/** Takes the user into the field; on a phone that would cover half of the chat with keys, so there only to the top of the page. */
export function focusField(): void {
  const top = document.querySelector<HTMLElement>('header button');
  const field = matchMedia('(pointer: coarse)').matches
    ? top
    : (findField() ?? document.querySelector<HTMLElement>('.notice button') ?? top);
  field?.focus();
}

/** The field appears after the page: whoever opened the chat to write is taken into it, unless they have gone elsewhere. */
export function focusLateField(): void {
  const { activeElement } = document;
  const isWaiting =
    activeElement === null || activeElement === document.body || activeElement.closest('header') !== null;
  if (document.hasFocus() && isWaiting) focusField();
}
