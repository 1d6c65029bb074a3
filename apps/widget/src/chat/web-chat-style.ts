import type { StyleOptions } from 'botframework-webchat';
import { inkOn } from '../loader/options.ts';

/** Web Chat in the site's colour, by day and by night. */
export function styleOptionsOf(color: string, dark: boolean): StyleOptions {
  const paper = dark ? '#1b1e23' : '#ffffff';
  const ink = dark ? '#e8eaed' : '#1b1f24';
  const soft = dark ? '#2a2f37' : '#f0f3f6';
  const edge = dark ? '#3d434d' : '#d5dae0';
  const quiet = dark ? '#a8b0bb' : '#57606c';
  const accent = dark ? '#8ec7ef' : color;
  return {
    accent,
    backgroundColor: paper,
    subtle: quiet,
    primaryFont: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
    fontSizeSmall: '12px',
    rootHeight: '100%',
    rootWidth: '100%',
    avatarSize: 32,
    botAvatarInitials: ' ',
    showAvatarInGroup: 'sender',
    bubbleBackground: soft,
    bubbleBorderColor: soft,
    bubbleBorderRadius: 12,
    bubbleBorderWidth: 1,
    bubbleTextColor: ink,
    bubbleFromUserBackground: color,
    bubbleFromUserBorderColor: color,
    bubbleFromUserBorderRadius: 12,
    bubbleFromUserTextColor: inkOn(color),
    bubbleMaxWidth: 300,
    bubbleMinHeight: 36,
    paddingRegular: 10,
    groupTimestamp: 120_000,
    // The line itself gives a message up shortly before this; see outbox.ts.
    sendTimeout: 290_000,
    sendTimeoutForAttachments: 290_000,
    hideToaster: true,
    hideTelephoneKeypadButton: true,
    sendBoxBackground: paper,
    sendBoxTextColor: ink,
    sendBoxPlaceholderColor: quiet,
    sendBoxButtonColor: accent,
    sendBoxButtonColorOnHover: accent,
    sendBoxButtonColorOnFocus: accent,
    sendBoxButtonShadeColorOnHover: soft,
    sendBoxButtonShadeColorOnFocus: soft,
    sendBoxButtonShadeColorOnActive: edge,
    sendBoxHeight: 52,
    sendBoxTextWrap: true,
    sendBoxMaxHeight: 140,
    sendBoxBorderTop: `1px solid ${edge}`,
    suggestedActionBackgroundColor: paper,
    suggestedActionBorderColor: accent,
    suggestedActionBorderRadius: 18,
    suggestedActionBorderWidth: 1,
    suggestedActionHeight: 36,
    suggestedActionTextColor: accent,
    suggestedActionTextColorOnHover: accent,
    suggestedActionTextColorOnFocus: accent,
    suggestedActionTextColorOnActive: accent,
    suggestedActionBackgroundColorOnHover: soft,
    suggestedActionBackgroundColorOnFocus: soft,
    suggestedActionBackgroundColorOnActive: edge,
    suggestedActionLayout: 'flow',
    timestampColor: quiet,
    timestampFormat: 'relative',
    transcriptOverlayButtonBackground: soft,
    transcriptOverlayButtonColor: ink,
    transcriptTerminatorBackgroundColor: quiet,
    transcriptTerminatorColor: quiet,
    typingAnimationHeight: 20,
    typingAnimationWidth: 48,
    maxMessageLength: 16_000,
  };
}
