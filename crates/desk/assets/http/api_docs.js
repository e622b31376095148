// Shows the description of the API with Swagger UI. `SwaggerUIBundle` comes from swagger-ui-bundle.js.

SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  showExtensions: true,
  // Swagger's public validator would receive the address of this page, so the validator is switched off.
  validatorUrl: null,
});
