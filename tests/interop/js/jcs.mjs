// The package names its suite by a function; verifiers want the suite.
import {createVerifyCryptosuite} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';

export const cryptosuite = createVerifyCryptosuite();
