// A wallet: collects what is offered (OpenID4VCI 1.0) and shows it when asked (OpenID4VP 1.0).
// Standard input: {base, url, did, document, offers: [{uri, txCode}], requests: [uri]}; standard output: what came.
// `base` is the gateway's public address; `url` is where it listens in the test.

import { createPrivateKey, createPublicKey, randomBytes, createHash, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { clientAuthenticationNone } from '@openid4vc/oauth2';
import { Openid4vciClient } from '@openid4vc/openid4vci';
import { Openid4vpClient } from '@openid4vc/openid4vp';
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc';
import { digest, generateSalt } from '@sd-jwt/crypto-nodejs';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import { DataIntegrityProof } from '@digitalbazaar/data-integrity';
import { cryptosuite } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as vc from '@digitalbazaar/vc';

const given = JSON.parse(readFileSync(0, 'utf8'));
const base64url = data => Buffer.from(data).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);

// the wallet's key, once for JOSE and once for Data Integrity
const seed = randomBytes(32);
const pair = await Ed25519Multikey.generate({ seed });
pair.id = `did:key:${pair.publicKeyMultibase}#${pair.publicKeyMultibase}`;
pair.controller = `did:key:${pair.publicKeyMultibase}`;
const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
const publicJwk = createPublicKey(key).export({ format: 'jwk' });

function signJwt(header, payload) {
  const text = [header, payload].map(part => base64url(JSON.stringify(part))).join('.');
  return `${text}.${base64url(sign(null, Buffer.from(text), key))}`;
}

function gatewayKey(didUrl) {
  const method = given.document.verificationMethod.find(item => item.id === didUrl);
  return method && given.document.authentication.includes(didUrl) ? method.publicKeyJwk : undefined;
}

const callbacks = {
  fetch: (address, options) => {
    const text = String(address);
    if (!text.startsWith(given.base)) throw new Error(`a wallet was sent to ${text}`);
    return fetch(given.url + text.slice(given.base.length), options);
  },
  hash: (data, alg) => createHash(alg.replace('-', '')).update(data).digest(),
  generateRandom: size => randomBytes(size),
  signJwt: (signer, { header, payload }) => ({ jwt: signJwt(header, payload), signerJwk: publicJwk }),
  verifyJwt: (signer, { compact }) => {
    const jwk = signer.method === 'did' ? gatewayKey(signer.didUrl) : undefined;
    if (!jwk) return { verified: false };
    const [head, body, signature] = compact.split('.');
    const found = createPublicKey({ key: jwk, format: 'jwk' });
    const good = verify(null, Buffer.from(`${head}.${body}`), found, Buffer.from(signature, 'base64url'));
    return good ? { verified: true, signerJwk: jwk } : { verified: false };
  },
  encryptJwe: () => { throw new Error('nothing is encrypted here'); },
  decryptJwe: () => { throw new Error('nothing is encrypted here'); },
  clientAuthentication: clientAuthenticationNone({ clientId: 'wallet' }),
};

async function collect({ uri, txCode }) {
  const client = new Openid4vciClient({ callbacks });
  const credentialOffer = await client.resolveCredentialOffer(uri);
  const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer);
  const { accessTokenResponse } = await client.retrievePreAuthorizedCodeAccessTokenFromOffer({
    credentialOffer, issuerMetadata, txCode: txCode ?? undefined,
  });
  const { c_nonce: nonce } = await client.requestNonce({ issuerMetadata });
  const [credentialConfigurationId] = credentialOffer.credential_configuration_ids;
  const { jwt } = await client.createCredentialRequestJwtProof({
    issuerMetadata, credentialConfigurationId, nonce,
    signer: { method: 'jwk', alg: 'EdDSA', publicJwk },
  });
  const answer = await client.retrieveCredentials({
    issuerMetadata, credentialConfigurationId,
    accessToken: accessTokenResponse.access_token, proofs: { jwt: [jwt] },
  });
  return answer.credentialResponse.credentials[0].credential;
}

async function showToken(token, claims, payload) {
  const sdjwt = new SDJwtVcInstance({
    hasher: digest, hashAlg: 'sha-256', saltGenerator: generateSalt,
    kbSigner: data => base64url(sign(null, Buffer.from(data), key)), kbSignAlg: 'EdDSA',
  });
  const frame = Object.fromEntries(claims.map(item => [item.path[0], true]));
  return sdjwt.present(token, frame, { kb: { payload: { iat: now(), aud: payload.client_id, nonce: payload.nonce } } });
}

async function showCredential(credential, payload) {
  const suite = new DataIntegrityProof({ signer: pair.signer(), cryptosuite });
  const presentation = {
    '@context': ['https://www.w3.org/ns/credentials/v2'], type: ['VerifiablePresentation'],
    verifiableCredential: [credential],
  };
  return vc.signPresentation({
    presentation, suite, domain: payload.client_id, challenge: payload.nonce,
    documentLoader: vc.defaultDocumentLoader,
  });
}

async function show(uri, credentials) {
  const client = new Openid4vpClient({ callbacks });
  const parsed = client.parseOpenid4vpAuthorizationRequest({ authorizationRequest: uri });
  const resolved = await client.resolveOpenId4vpAuthorizationRequest({ authorizationRequestPayload: parsed.params });
  const payload = resolved.authorizationRequestPayload;
  const vpToken = {};
  for (const query of payload.dcql_query.credentials) {
    const token = query.format === 'dc+sd-jwt';
    const found = credentials.find(item => (typeof item === 'string') === token);
    vpToken[query.id] = [token ? await showToken(found, query.claims ?? [], payload) : await showCredential(found, payload)];
  }
  const { authorizationResponsePayload } = await client.createOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: payload, authorizationResponsePayload: { vp_token: vpToken },
  });
  const sent = await client.submitOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: payload, authorizationResponsePayload,
  });
  const body = await sent.response.text();
  return { status: sent.response.status, body: JSON.parse(body), clientId: resolved.client.prefix };
}

const credentials = [];
for (const offer of given.offers) credentials.push(await collect(offer));
const shown = [];
for (const uri of given.requests) shown.push(await show(uri, credentials));
console.log(JSON.stringify({ credentials, shown, holder: pair.controller }));
