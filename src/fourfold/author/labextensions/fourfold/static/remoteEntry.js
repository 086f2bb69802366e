/* Fourfold's part of the page: remarks on saves, conflicts, and configs to edit a template with.

   JupyterLab loads extensions by webpack's protocol of containers: an object with `init`, which
   gets the modules that all share, and `get`, which gives the plugin. Written by hand, this needs
   neither Node nor a build. */
(() => {
  const SCHEMA = 'https://fourfold/edit/v1';
  let shared;

  const library = async name => (await Object.values(shared[name])[0].get())();

  const plugin = async () => {
    const [{ Notification, Dialog, InputDialog, showDialog, showErrorMessage },
      { ServerConnection }, { IDefaultFileBrowser }, { ILauncher }, { ICommandPalette },
      { INotebookTracker }] =
      await Promise.all([library('@jupyterlab/apputils'), library('@jupyterlab/services'),
        library('@jupyterlab/filebrowser'), library('@jupyterlab/launcher'),
        library('@jupyterlab/apputils'), library('@jupyterlab/notebook')]);

    const activate = (app, files, launcher, palette, notebooks) => {
      const settings = app.serviceManager.serverSettings;
      const shown = new Map(); // of each file the notification that stands

      const ask = async (what, content = {}) => {
        const answer = await ServerConnection.makeRequest(
          `${settings.baseUrl}fourfold/${what}`,
          { method: 'POST', body: JSON.stringify(content) }, settings);
        const said = await answer.json();
        if (!answer.ok) throw new Error(said.message || said.reason || answer.statusText);
        return said;
      };

      // Of each open document; one that is still loading would come later, as it was before.
      const contexts = async () => {
        const all = [...app.shell.widgets('main')].map(widget => widget.context);
        const open = [...new Set(all)].filter(context => context?.ready);
        await Promise.all(open.map(context => context.ready));
        return open;
      };

      // What was typed since the last save would be lost with the version that gives way.
      const save = async suits => {
        for (const context of await contexts()) {
          if (suits(context.path) && context.model.dirty) await context.save();
        }
      };

      // Lab calls a notebook saved when the answer comes, also what was typed since it asked: that
      // would neither be saved by itself nor be asked about when the tab is closed.
      notebooks?.widgetAdded.connect((_, { context }) => {
        let typed = false;
        context.model.contentChanged.connect(() => { typed = true; });
        context.saveState.connect((_, state) => {
          if (state === 'started') typed = false;
          else if (state.startsWith('completed') && typed) context.model.dirty = true;
        });
      });

      const reload = async path => {
        for (const context of await contexts()) {
          if (context.path === path) await context.revert();
        }
      };

      const settle = async (path, mine) => {
        try {
          await save(each => each === path);
          const { kept } = await ask('settle', { path, mine });
          if (!mine) await reload(path);
          const other = mine ? 'The version on disk' : 'Your version';
          Notification.success(kept ? `${other} is kept as ${kept}` : 'Written',
            { autoClose: 8000 });
        } catch (error) {
          showErrorMessage('Fourfold', error.message);
        }
      };

      const remark = ({ path, remarks, conflict }) => {
        if (shown.has(path)) Notification.dismiss(shown.get(path));
        shown.delete(path);
        if (!remarks.length) return;
        const [first] = remarks;
        const actions = [];
        if (conflict) {
          const [base, remote] = JSON.parse(conflict).map(encodeURIComponent);
          const both = `${settings.baseUrl}nbdime/difftool?base=${base}&remote=${remote}`;
          actions.push(
            { label: 'Compare', callback: event => { event.preventDefault(); window.open(both); } },
            { label: 'Keep mine', callback: () => settle(path, true) },
            { label: 'Take theirs', displayType: 'warn', callback: () => settle(path, false) });
        } else {
          actions.push({
            label: remarks.length > 1 ? `Show all ${remarks.length}` : 'Show',
            callback: () => showDialog({
              title: path, body: remarks.join('\n\n'), buttons: [Dialog.okButton()] })
          });
        }
        const kind = conflict ? 'error' : 'warning';
        shown.set(path, Notification.emit(first, kind, { autoClose: false, actions }));
      };

      app.serviceManager.events.stream.connect((_, event) => {
        if (event.schema_id === SCHEMA) remark(event);
      });
      ask('hello').catch(error => console.warn('fourfold: no server extension', error.message));

      const selected = () => {
        const items = files ? [...files.selectedItems()] : [];
        return items.length === 1 && /\.ya?ml$/.test(items[0].path) ? items[0].path : '';
      };

      const choose = async () => {
        const { configs } = await ask('configs', { path: files?.model.path || '' });
        const answer = await InputDialog.getItem({
          title: 'Edit a template with the parameters of', items: configs });
        return answer.button.accept ? answer.value : '';
      };

      const command = 'fourfold:edit';
      app.commands.addCommand(command, {
        label: arguments_ => arguments_.menu ? 'Edit Template with This Config'
          : 'Edit a Template with a Config',
        caption: 'A copy with the parameters of a config; each save goes into the template',
        isVisible: arguments_ => !arguments_.menu || Boolean(selected()),
        execute: async arguments_ => {
          try {
            const config = arguments_.config || (arguments_.menu && selected()) || await choose();
            if (!config) return;
            await save(each => /(^|\/)edit\/[^/]+$/.test(each));
            const { path, kept } = await ask('open', { config });
            if (kept) Notification.info(`Earlier edits are kept as ${kept}`, { autoClose: 8000 });
            await reload(path);
            await app.commands.execute('docmanager:open', { path });
          } catch (error) {
            showErrorMessage('Fourfold', error.message);
          }
        }
      });
      app.contextMenu.addItem({
        command, args: { menu: true }, selector: '.jp-DirListing-item[data-isdir="false"]', rank: 1 });
      launcher?.add({ command, category: 'Other', rank: 0 });
      palette?.addItem({ command, category: 'Fourfold' });
    };

    return { id: 'fourfold:edit', autoStart: true, activate,
      optional: [IDefaultFileBrowser, ILauncher, ICommandPalette, INotebookTracker] };
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB.fourfold = {
    init: async scope => { shared = scope; },
    get: async () => { const made = await plugin(); return () => ({ __esModule: true, default: made }); }
  };
})();
