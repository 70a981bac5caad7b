// Reads {credential, documents: {url: document}} on standard input; says what an independent verifier makes of it.
import {readFileSync} from 'node:fs';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite as jcs} from './jcs.mjs';
import {cryptosuite as rdfc} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import {defaultDocumentLoader, verifyCredential} from '@digitalbazaar/vc';

const {credential, documents} = JSON.parse(readFileSync(0, 'utf8'));

async function documentLoader(url) {
  const [base] = url.split('#');
  const found = documents[base];
  if(found === undefined) return defaultDocumentLoader(url);
  if(base === url) return {contextUrl: null, documentUrl: url, document: found};
  const method = found.verificationMethod.find(item => item.id === url);
  if(!method) throw new Error(`no method ${url}`);
  await Ed25519Multikey.from(method);
  return {contextUrl: null, documentUrl: url, document: {'@context': found['@context'][1], ...method}};
}

const suite = [jcs, rdfc].map(cryptosuite => new DataIntegrityProof({cryptosuite}));
const checked = await checkStatus({credential, documentLoader, suite});
const answer = {
  verified: checked.verified,
  status: (checked.results ?? []).map(item => [item.credentialStatus.statusPurpose, item.status]),
  error: checked.error && String(checked.error.cause?.errors ?? checked.error),
};
if(credential.proof) {
  const whole = await verifyCredential({credential, documentLoader, suite, checkStatus});
  answer.credential = whole.verified;
  answer.credentialError = whole.error && String(whole.error.errors ?? whole.error);
}
console.log(JSON.stringify(answer));
