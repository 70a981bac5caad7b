// A stranger's verifier over https: the Digital Credentials Consortium's verifier-core, which is what VerifierPlus runs,
// behind the one address of VC-API that matters here. It finds DID documents and status lists by itself; nothing of
// Accord is known to it. Prints its port. Trusts whom NODE_EXTRA_CA_CERTS names.
//
// node verifier_service.mjs CERTIFICATE KEY
import {readFileSync} from 'node:fs';
import {createServer} from 'node:https';
import {verifyCredential} from '@digitalcredentials/verifier-core';

const [cert, key] = process.argv.slice(2).map(path => readFileSync(path));
console.log = console.error;  // the library talks

// verifier-core says check by check; whether the issuer is in a registry of theirs is not asked
function verdict({errors, log = []}) {
  const failed = log.filter(step => step.id !== 'registered_issuer' && (step.valid === false || step.error));
  return {verified: !errors?.length && log.some(step => step.id === 'valid_signature') && !failed.length, errors, log};
}

async function answer(request) {
  if(request.method !== 'POST' || request.url !== '/credentials/verify') return [404, {}];
  const parts = [];
  for await (const part of request) parts.push(part);
  const {verifiableCredential: credential} = JSON.parse(Buffer.concat(parts));
  const found = verdict(await verifyCredential({credential, knownDIDRegistries: []}));
  return [found.verified ? 200 : 400, found];
}

const server = createServer({cert, key}, async (request, response) => {
  const [status, body] = await answer(request).catch(error => [400, {errors: [String(error)]}]);
  const text = JSON.stringify(body, (name, value) => name === 'stackTrace' ? undefined : value);
  response.writeHead(status, {'content-type': 'application/json'}).end(text);
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.stdin.resume().on('end', () => process.exit());  // ends with whoever started it
