/* The address book, a day without a mouse, input methods, and every screen looked at: over a real system of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors } from './real/house.mjs';
import './real/people.mjs';
import './real/hands.mjs';
import './real/screens.mjs';

test('no page went wrong', () => assert.deepEqual(errors(), []));
