// Stands in for node-expat, a compiled reader of XML: what xml2json asks of it, over sax.
const { EventEmitter } = require("node:events");
const sax = require("sax");

exports.Parser = class extends EventEmitter {
  parse(text) {
    const parser = sax.parser(true);
    this.error = null;
    parser.onopentag = (tag) => this.emit("startElement", tag.name, tag.attributes);
    parser.ontext = (data) => this.emit("text", data);
    parser.onclosetag = (name) => this.emit("endElement", name);
    parser.onerror = (err) => (this.error = this.error || err.message);
    parser.write(text).close();
    return !this.error;
  }

  getError() {
    return this.error;
  }
};
