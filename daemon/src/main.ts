/** The entry point. */
console.log("ouro");
