/** Responses that use a signature over bob for alice, who has more roles. */
import { type Forge, signElement } from '../support/saml-forge.ts';

/** A genuine response for bob, and its parts. */
export interface Genuine {
  readonly xml: string;
  readonly assertion: string;
  readonly signature: string;
  /** The assertion without its signature. */
  readonly unsigned: string;
}

/** The same Assertion for alice, who has more roles. */
function evil(assertion: string, id = '_evil'): string {
  return assertion
    .replace('p-bob', 'p-0001')
    .replace('>bob<', '>alice<')
    .replace('ID="_bob"', `ID="${id}"`);
}

/** A genuine answer whose Response is signed and whose Assertion is not. */
function signedResponse(forge: Forge, requestId: string) {
  const xml = signElement(
    forge.xml(requestId, { responseId: '_good', assertionId: '_a' }, { assertion: false }),
    '_good',
    forge.key,
  );
  const signature = /<ds:Signature .*?<\/ds:Signature>/s.exec(xml)![0];
  return { xml, signature, unsigned: xml.replace(signature, '') };
}

const evilResponse = (xml: string) =>
  xml.replace('ID="_good"', 'ID="_evil"').replace('ID="_a"', 'ID="_b"').replace('p-0001', 'p-9999');

/** Hides XML inside an unsigned part of the signature. */
const inObject = (signature: string, hidden: string) =>
  signature.replace('</ds:Signature>', `<ds:Object>${hidden}</ds:Object></ds:Signature>`);

const MORE_THAN_ONE = /contains more than one (?:Assertion|Response)/;

/** Name, forged XML, and why the bridge rejects it. */
export type Wrapping = readonly [string, (requestId: string) => string, RegExp];

export function wrappings(
  forge: Forge,
  genuine: (requestId: string) => Genuine,
): readonly Wrapping[] {
  return [
    [
      'XSW 1: the signed Response inside the signature of an evil one',
      id => {
        const { xml, signature, unsigned } = signedResponse(forge, id);
        return evilResponse(xml).replace(signature, inObject(signature, unsigned));
      },
      MORE_THAN_ONE,
    ],
    [
      'XSW 2: the signed Response beside the signature of an evil one',
      id => {
        const { xml, signature, unsigned } = signedResponse(forge, id);
        return evilResponse(xml).replace(signature, unsigned + signature);
      },
      /child element that SAML 2\.0 does not know/,
    ],
    [
      'XSW 3: an evil Assertion before the signed one',
      id => {
        const { xml, assertion, unsigned } = genuine(id);
        return xml.replace(assertion, evil(unsigned) + assertion);
      },
      MORE_THAN_ONE,
    ],
    [
      'XSW 4: the signed Assertion inside an evil one',
      id => {
        const { xml, assertion, unsigned } = genuine(id);
        return xml.replace(
          assertion,
          evil(unsigned).replace('</saml:Assertion>', `${assertion}</saml:Assertion>`),
        );
      },
      MORE_THAN_ONE,
    ],
    [
      'XSW 5: an evil Assertion with the signature, the original behind it',
      id => {
        const { xml, assertion, unsigned } = genuine(id);
        return xml.replace(assertion, evil(assertion) + unsigned);
      },
      MORE_THAN_ONE,
    ],
    [
      'XSW 6: the original inside the signature of an evil Assertion',
      id => {
        const { xml, assertion, signature, unsigned } = genuine(id);
        return xml.replace(
          assertion,
          evil(assertion).replace(signature, inObject(signature, unsigned)),
        );
      },
      MORE_THAN_ONE,
    ],
    [
      'XSW 7: an evil Assertion in Extensions',
      id => {
        const { xml, unsigned } = genuine(id);
        return xml.replace(
          '<samlp:Status>',
          `<samlp:Extensions>${evil(unsigned)}</samlp:Extensions><samlp:Status>`,
        );
      },
      MORE_THAN_ONE,
    ],
    [
      'XSW 8: the original in an Object of the evil signature',
      id => {
        const { xml, assertion, signature, unsigned } = genuine(id);
        return xml.replace(
          assertion,
          evil(assertion, '_bob').replace(
            signature,
            inObject(signature, unsigned.replace('_bob', '_x')),
          ),
        );
      },
      MORE_THAN_ONE,
    ],
    [
      'the original renamed away, hidden in an Object',
      id => {
        const { xml, assertion, signature, unsigned } = genuine(id);
        return xml.replace(
          assertion,
          evil(assertion).replace(
            signature,
            inObject(signature, unsigned.replaceAll('saml:Assertion', 'saml:Asserted')),
          ),
        );
      },
      /Signature of a signature does not have exactly the parts/,
    ],
    [
      'the original renamed away, hidden in Extensions',
      id => {
        const { xml, assertion, unsigned } = genuine(id);
        return xml
          .replace(assertion, evil(assertion))
          .replace(
            '<samlp:Status>',
            `<samlp:Extensions>${unsigned.replaceAll('saml:Assertion', 'saml:Asserted')}</samlp:Extensions><samlp:Status>`,
          );
      },
      /signature of the Assertion refers to another element/,
    ],
    [
      'two elements with one ID',
      id => {
        const { xml, assertion, unsigned } = genuine(id);
        return xml
          .replace(assertion, evil(assertion, '_bob'))
          .replace(
            '<samlp:Status>',
            `<samlp:Extensions>${unsigned.replaceAll('saml:Assertion', 'saml:Asserted')}</samlp:Extensions><samlp:Status>`,
          );
      },
      /uses one ID twice/,
    ],
    [
      'the same ID under another name',
      id => {
        const { xml } = genuine(id);
        return xml.replace(
          '<samlp:Status>',
          '<samlp:Extensions><x xmlns="urn:x" xml:id="_bob"/></samlp:Extensions><samlp:Status>',
        );
      },
      /uses one ID twice/,
    ],
    [
      'two Assertions, both signed',
      id => {
        const { xml, assertion } = genuine(id);
        const more = forge.xml(id, { assertionId: '_more' });
        return xml.replace(
          assertion,
          assertion + /<saml:Assertion.*<\/saml:Assertion>/s.exec(more)![0],
        );
      },
      MORE_THAN_ONE,
    ],
    [
      'an Assertion of a foreign namespace beside the real one',
      id =>
        genuine(id).xml.replace(
          '</samlp:Response>',
          '<x:Assertion xmlns:x="urn:x"/></samlp:Response>',
        ),
      /child element that SAML 2\.0 does not know/,
    ],
    [
      'a second Response inside the first',
      id =>
        genuine(id).xml.replace(
          '<samlp:Status>',
          '<samlp:Extensions><samlp:Response/></samlp:Extensions><samlp:Status>',
        ),
      MORE_THAN_ONE,
    ],
    [
      'a Response of a foreign namespace',
      id => genuine(id).xml.replaceAll('urn:oasis:names:tc:SAML:2.0:protocol', 'urn:x'),
      /not a SAML 2\.0 Response/,
    ],
    [
      'an Assertion of a foreign namespace',
      id => genuine(id).xml.replaceAll('urn:oasis:names:tc:SAML:2.0:assertion', 'urn:x'),
      /child element that SAML 2\.0 does not know/,
    ],
    [
      'an Assertion alone',
      id =>
        genuine(id).assertion.replace(
          '<saml:Assertion',
          '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"',
        ),
      /not a SAML 2\.0 Response/,
    ],
    [
      'an encrypted Assertion',
      id =>
        genuine(id).xml.replace(
          /<saml:Assertion.*<\/saml:Assertion>/s,
          '<saml:EncryptedAssertion/>',
        ),
      /contains no Assertion|no key for it/,
    ],
  ];
}
