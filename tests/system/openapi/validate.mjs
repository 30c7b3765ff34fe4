// Exits with 0 when the file is a valid description of its version of OpenAPI.
import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';

const result = await new Validator().validate(JSON.parse(readFileSync(process.argv[2], 'utf8')));
if (!result.valid) {
	console.error(JSON.stringify(result.errors, null, 1));
}
process.exit(result.valid ? 0 : 1);
