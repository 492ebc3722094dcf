// Shows the description of the API with Swagger UI. All that it needs is served from here.

const dark = window.matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
follow();
dark.addEventListener('change', follow);

window.SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  // A service of Swagger's would be asked otherwise.
  validatorUrl: null,
  // The key is forgotten with the tab, as on the other page.
  persistAuthorization: false,
});
