/* Stories of people over the real system: the page that is served, with the people and letters of the demonstration. They share one site. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, house, origins } from './real/house.mjs';
import './real/signin.mjs';
import './real/reading.mjs';
import './real/writing.mjs';
import './real/settling.mjs';
import './real/confidential.mjs';
import './real/sharing.mjs';

test('no page went wrong, and none asked another server for anything', () => {
	assert.deepEqual(errors(), []);
	assert.deepEqual(origins(), [new URL(house.site.url).origin]);
});
