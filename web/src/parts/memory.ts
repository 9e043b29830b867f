// Soon.
export {};
