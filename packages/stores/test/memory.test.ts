import { memoryStores } from '@parley/stores';
import { storeSuite } from '@parley/stores/suite';

storeSuite('memory', async () => ({ stores: memoryStores() }));
