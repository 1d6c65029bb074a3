import { broadcastResponseToMainFrame } from '@azure/msal-browser/redirect-bridge';

// MSAL's redirects, popups and hidden frames all end at /auth.html, which needs nothing of the application:
// it hands the answer to the page that asked, or goes back there.
broadcastResponseToMainFrame().catch(() => {
  // Opened by hand, or an answer that belongs to no question of this browser.
  window.location.replace('/');
});
