// The direction between the rooms (docs/architecture.md), checked and not just written.
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'session-knows-nobody',
      comment: 'The domain knows the outside only as types that it owns.',
      severity: 'error',
      from: { path: '^src/session/' },
      to: { path: '^src/(whatsapp|http|realtime|store|webhooks|messages|events|ui|gateway|main)' },
    },
    {
      name: 'session-without-libraries',
      severity: 'error',
      from: { path: '^src/session/' },
      to: { dependencyTypes: ['npm', 'npm-optional', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'one-folder-touches-the-library',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/whatsapp/' },
      to: { path: '(^|/)node_modules/(whatsapp-web\\.js|puppeteer|puppeteer-core|@sparticuz/chromium)/' },
    },
    {
      name: 'borders-do-not-know-each-other',
      severity: 'error',
      from: { path: '^src/http/' },
      to: { path: '^src/(whatsapp|store|realtime|gateway|main)' },
    },
    {
      name: 'realtime-does-not-know-http',
      severity: 'error',
      from: { path: '^src/realtime/' },
      to: { path: '^src/(whatsapp|store|http|gateway|main)' },
    },
    {
      name: 'nobody-imports-the-root',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main|run|gateway|cli/)' },
      to: { path: '^src/(main|run|gateway)\\.ts$' },
    },
    { name: 'src-without-test', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|bench)/' } },
    // The page's modules name files by the address at which the gateway serves them.
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^/whatsapp/assets/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
