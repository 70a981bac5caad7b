// Reads {resources, cases: [{name, kind, document}], now, domain, challenge, jwk} on standard input; prints what each
// independent verifier makes of each case: {verifier: {case: "" if it verifies, else why not}}.
import {createPublicKey, verify as verifySignature} from 'node:crypto';
import {readFileSync} from 'node:fs';
import * as bazaarVc from '@digitalbazaar/vc';
import * as bazaarMultikey from '@digitalbazaar/ed25519-multikey';
import * as bazaarStatus from '@digitalbazaar/vc-bitstring-status-list';
import {DataIntegrityProof as BazaarProof} from '@digitalbazaar/data-integrity';
import {cryptosuite as bazaarRdfc} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {cryptosuite as bazaarJcs} from './jcs.mjs';
import * as consortiumVc from '@digitalcredentials/vc';
import * as consortiumStatus from '@digitalcredentials/vc-bitstring-status-list';
import {DataIntegrityProof as ConsortiumProof} from '@digitalcredentials/data-integrity';
import {cryptosuite as consortiumRdfc} from '@digitalcredentials/eddsa-rdfc-2022-cryptosuite';
import {SDJwtVcInstance} from '@sd-jwt/sd-jwt-vc';
import {getListFromStatusListJWT, getStatusListFromJWT} from '@sd-jwt/jwt-status-list';
import {digest} from '@sd-jwt/crypto-nodejs';

const {resources, cases, now, domain, challenge, jwk, token} = JSON.parse(readFileSync(0, 'utf8'));
const at = new Date(now * 1000);
const key = createPublicKey({key: jwk, format: 'jwk'});
const verifier = (data, signature) =>
  verifySignature(null, Buffer.from(data), key, Buffer.from(signature, 'base64url'));

// did:key documents are made from the key in the name, as the did:key method says
function didKey(did) {
  const method = `${did}#${did.slice('did:key:'.length)}`;
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'], id: did,
    verificationMethod: [{id: method, type: 'Multikey', controller: did, publicKeyMultibase: method.split('#')[1]}],
    authentication: [method], assertionMethod: [method],
  };
}

async function documentLoader(url) {
  const [base] = url.split('#');
  const found = structuredClone(base.startsWith('did:key:') ? didKey(base) : resources[base]);
  if(found === undefined) throw new Error(`nothing at ${base}`);
  if(base === url) return {contextUrl: null, documentUrl: url, document: found};
  const method = found.verificationMethod.find(item => item.id === url);
  if(!method) throw new Error(`no method ${url}`);
  return {contextUrl: null, documentUrl: url, document: {'@context': found['@context'][1], ...method}};
}

function library(vc, Proof, suites, status, purposes) {
  const suite = suites.map(cryptosuite => new Proof({cryptosuite}));
  const checkStatus = async options => {
    const found = await status.checkStatus({...options, suite, documentLoader, now: at});
    if(found.verified && found.results?.some(item => item.status)) return {verified: false, error: new Error('set')};
    return found;
  };
  const common = {suite, documentLoader, checkStatus, now: at};
  return async ({kind, document}) => {
    const found = kind === 'presentation' ?
      await vc.verify({...common, presentation: document, challenge, domain}) :
      await vc.verifyCredential({...common, credential: document});
    return found.verified ? '' : reason(found);
  };
}

function reason(found) {
  const errors = [found.error, found.statusResult?.error, ...(found.credentialResults ?? []).map(item => item.error)];
  return errors.filter(Boolean).flatMap(error => error.errors ?? [error]).map(String).join('; ').slice(0, 300) || 'no';
}

const sdjwt = new SDJwtVcInstance({
  hasher: digest, hashAlg: 'sha-256', verifier, statusVerifier: verifier,
  kbVerifier: (data, signature, {cnf}) =>
    verifySignature(null, Buffer.from(data), createPublicKey({key: cnf.jwk, format: 'jwk'}), Buffer.from(signature, 'base64url')),
  statusListFetcher: async uri => {
    if(uri !== resources.tokenUri) throw new Error(`no list at ${uri}`);
    return token;
  },
});

async function openWallet({kind, document}) {
  if(kind === 'token') {
    const {payload} = await sdjwt.verify(document, {currentDate: now});
    return payload.grade === 'A' ? '' : 'a disclosure that nobody signed is left out';
  }
  if(kind === 'shown token') {
    const {payload, kb} = await sdjwt.verify(document, {currentDate: now, keyBindingNonce: challenge});
    if(kb?.payload.aud !== domain) return 'for somebody else';
    return payload.grade === 'A' && !('given_name' in payload) ? '' : 'other claims';
  }
  const [signed, signature] = [document.slice(0, document.lastIndexOf('.')), document.split('.')[2]];
  if(!verifier(signed, signature)) return 'signature';
  const list = getListFromStatusListJWT(document);
  return list.getStatus(1004) === 0 && list.getStatus(1005) === 1 ? '' : 'bits';
}

const answers = {
  digitalbazaar: [library(bazaarVc, BazaarProof, [bazaarRdfc, bazaarJcs], bazaarStatus), ['badge', 'jcs', 'presentation', 'transcript', 'list']],
  digitalcredentials: [library(consortiumVc, ConsortiumProof, [consortiumRdfc], consortiumStatus), ['badge', 'presentation', 'transcript', 'list']],
  'sd-jwt-js': [openWallet, ['token', 'shown token', 'status token']],
};
const said = {};
for(const [name, [judge, kinds]] of Object.entries(answers)) {
  said[name] = {};
  for(const item of cases.filter(item => kinds.includes(item.kind))) {
    try {
      said[name][item.name] = await judge(item);
    } catch(error) {
      said[name][item.name] = String(error).slice(0, 300) || 'error';
    }
  }
}
console.log(JSON.stringify(said));
