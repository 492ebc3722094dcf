/** What the server wrote into the page: options of the simulator and the faults that are set. */
export const config = JSON.parse(document.getElementById('simulator-config').textContent);

/** The faults that are set now; kept up to date by the server. */
export const faults = config.faults;
