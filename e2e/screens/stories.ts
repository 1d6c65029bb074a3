import { fabrikamStories } from './fabrikam-stories.ts';
import { openStories } from './open-stories.ts';
import { pastStories } from './past-stories.ts';
import { routine } from './routine-stories.ts';
import type { Story } from './story.ts';

/** What has happened in the world when it opens. Made-up people; no line is anybody's. */
export const stories: readonly Story[] = [...openStories, ...pastStories, ...routine, ...fabrikamStories];
