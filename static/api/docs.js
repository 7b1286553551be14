// The page of the API: an external file, since the content security policy allows no script within the page.
const place = document.getElementById("api");
SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  validatorUrl: null, // nothing is sent to anyone
  presets: [SwaggerUIBundle.presets.apis],
});
