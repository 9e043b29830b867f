// The page begins here.

import "./parts/app";
