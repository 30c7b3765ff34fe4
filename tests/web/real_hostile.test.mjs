/* Letters that attack who reads them, in a story of their own. */
import './real/hostile.mjs';
