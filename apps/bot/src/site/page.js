// The page's own button opens the chat through the loader's small interface, as any site may.
for (const button of document.querySelectorAll('[data-chat]')) {
  button.addEventListener('click', () => {
    if (window.Parley) window.Parley.open();
    else window.addEventListener('parley:ready', () => window.Parley.open(), { once: true });
  });
}
