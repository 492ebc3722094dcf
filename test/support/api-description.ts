import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

import { describeApi } from '../../src/http/openapi/document.ts';

interface Described {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, object>> }>>;
}

/** Holds what the gateway does against what it says of itself. */
export class ApiDescription {
  readonly document = describeApi('1.2.3') as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  };
  readonly #ajv: Ajv2020;
  readonly #validators = new Map<string, ValidateFunction>();

  constructor() {
    // Not strict: OpenAPI has keywords that JSON Schema does not know.
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    // It is written in CommonJS, and its types say otherwise.
    (addFormats as unknown as (ajv: Ajv2020) => void)(this.#ajv);
    this.#ajv.addSchema(this.document, 'api');
  }

  /**
   * What an answer has that the description does not.
   * @param path as Express or as OpenAPI has it
   * @returns null when all is well
   */
  problem(method: string, path: string, status: number, type: string | null, text: string): string | null {
    const described = path.replaceAll(/:(\w+)/g, '{$1}');
    const place = `${method} ${described}, ${status}`;
    const operation = this.document.paths[described]?.[method.toLowerCase()];
    if (operation === undefined) return `${place}: there is no such call`;
    const response = operation.responses[String(status)];
    if (response === undefined) return `${place}: an answer that is not described: ${text.slice(0, 200)}`;
    const essence = type?.split(';')[0]?.trim() ?? '';
    const content = response.content ?? {};
    if (content[essence] === undefined && content[essence.replace(/\/.*/, '/*')] === undefined) {
      // A redirection has a body only for those who accept text.
      return text === '' ? null : `${place}: a content type that is not described: ${essence}`;
    }
    if (essence !== 'application/json') return null;
    const validate = this.#validator(['paths', described, method.toLowerCase(), 'responses', String(status)]);
    if (validate(JSON.parse(text))) return null;
    return `${place}: ${this.#ajv.errorsText(validate.errors)} in ${text.slice(0, 400)}`;
  }

  #validator(place: readonly string[]): ValidateFunction {
    const steps = [...place, 'content', 'application/json', 'schema'];
    const pointer = steps
      .map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/');
    let validate = this.#validators.get(pointer);
    if (validate === undefined) {
      validate = this.#ajv.compile({ $ref: `api#/${pointer}` });
      this.#validators.set(pointer, validate);
    }
    return validate;
  }
}
