var e=globalThis,t=e.ShadowRoot&&(e.ShadyCSS===void 0||e.ShadyCSS.nativeShadow)&&`adoptedStyleSheets`in Document.prototype&&`replace`in CSSStyleSheet.prototype,n=Symbol(),r=new WeakMap,i=class{constructor(e,t,r){if(this._$cssResult$=!0,r!==n)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");this.cssText=e,this.t=t}get styleSheet(){let e=this.o,n=this.t;if(t&&e===void 0){let t=n!==void 0&&n.length===1;t&&(e=r.get(n)),e===void 0&&((this.o=e=new CSSStyleSheet).replaceSync(this.cssText),t&&r.set(n,e))}return e}toString(){return this.cssText}},a=e=>new i(typeof e==`string`?e:e+``,void 0,n),o=(e,...t)=>new i(e.length===1?e[0]:t.reduce((t,n,r)=>t+(e=>{if(!0===e._$cssResult$)return e.cssText;if(typeof e==`number`)return e;throw Error(`Value passed to 'css' function must be a 'css' function result: `+e+`. Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.`)})(n)+e[r+1],e[0]),e,n),s=(n,r)=>{if(t)n.adoptedStyleSheets=r.map(e=>e instanceof CSSStyleSheet?e:e.styleSheet);else for(let t of r){let r=document.createElement(`style`),i=e.litNonce;i!==void 0&&r.setAttribute(`nonce`,i),r.textContent=t.cssText,n.appendChild(r)}},c=t?e=>e:e=>e instanceof CSSStyleSheet?(e=>{let t=``;for(let n of e.cssRules)t+=n.cssText;return a(t)})(e):e,{is:l,defineProperty:u,getOwnPropertyDescriptor:d,getOwnPropertyNames:f,getOwnPropertySymbols:p,getPrototypeOf:m}=Object,h=globalThis,ee=h.trustedTypes,te=ee?ee.emptyScript:``,ne=h.reactiveElementPolyfillSupport,g=(e,t)=>e,re={toAttribute(e,t){switch(t){case Boolean:e=e?te:null;break;case Object:case Array:e=e==null?e:JSON.stringify(e)}return e},fromAttribute(e,t){let n=e;switch(t){case Boolean:n=e!==null;break;case Number:n=e===null?null:Number(e);break;case Object:case Array:try{n=JSON.parse(e)}catch{n=null}}return n}},ie=(e,t)=>!l(e,t),ae={attribute:!0,type:String,converter:re,reflect:!1,useDefault:!1,hasChanged:ie};Symbol.metadata??=Symbol(`metadata`),h.litPropertyMetadata??=new WeakMap;var _=class extends HTMLElement{static addInitializer(e){this._$Ei(),(this.l??=[]).push(e)}static get observedAttributes(){return this.finalize(),this._$Eh&&[...this._$Eh.keys()]}static createProperty(e,t=ae){if(t.state&&(t.attribute=!1),this._$Ei(),this.prototype.hasOwnProperty(e)&&((t=Object.create(t)).wrapped=!0),this.elementProperties.set(e,t),!t.noAccessor){let n=Symbol(),r=this.getPropertyDescriptor(e,n,t);r!==void 0&&u(this.prototype,e,r)}}static getPropertyDescriptor(e,t,n){let{get:r,set:i}=d(this.prototype,e)??{get(){return this[t]},set(e){this[t]=e}};return{get:r,set(t){let a=r?.call(this);i?.call(this,t),this.requestUpdate(e,a,n)},configurable:!0,enumerable:!0}}static getPropertyOptions(e){return this.elementProperties.get(e)??ae}static _$Ei(){if(this.hasOwnProperty(g(`elementProperties`)))return;let e=m(this);e.finalize(),e.l!==void 0&&(this.l=[...e.l]),this.elementProperties=new Map(e.elementProperties)}static finalize(){if(this.hasOwnProperty(g(`finalized`)))return;if(this.finalized=!0,this._$Ei(),this.hasOwnProperty(g(`properties`))){let e=this.properties,t=[...f(e),...p(e)];for(let n of t)this.createProperty(n,e[n])}let e=this[Symbol.metadata];if(e!==null){let t=litPropertyMetadata.get(e);if(t!==void 0)for(let[e,n]of t)this.elementProperties.set(e,n)}this._$Eh=new Map;for(let[e,t]of this.elementProperties){let n=this._$Eu(e,t);n!==void 0&&this._$Eh.set(n,e)}this.elementStyles=this.finalizeStyles(this.styles)}static finalizeStyles(e){let t=[];if(Array.isArray(e)){let n=new Set(e.flat(1/0).reverse());for(let e of n)t.unshift(c(e))}else e!==void 0&&t.push(c(e));return t}static _$Eu(e,t){let n=t.attribute;return!1===n?void 0:typeof n==`string`?n:typeof e==`string`?e.toLowerCase():void 0}constructor(){super(),this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,this._$Ev()}_$Ev(){this._$ES=new Promise(e=>this.enableUpdating=e),this._$AL=new Map,this._$E_(),this.requestUpdate(),this.constructor.l?.forEach(e=>e(this))}addController(e){(this._$EO??=new Set).add(e),this.renderRoot!==void 0&&this.isConnected&&e.hostConnected?.()}removeController(e){this._$EO?.delete(e)}_$E_(){let e=new Map,t=this.constructor.elementProperties;for(let n of t.keys())this.hasOwnProperty(n)&&(e.set(n,this[n]),delete this[n]);e.size>0&&(this._$Ep=e)}createRenderRoot(){let e=this.shadowRoot??this.attachShadow(this.constructor.shadowRootOptions);return s(e,this.constructor.elementStyles),e}connectedCallback(){this.renderRoot??=this.createRenderRoot(),this.enableUpdating(!0),this._$EO?.forEach(e=>e.hostConnected?.())}enableUpdating(e){}disconnectedCallback(){this._$EO?.forEach(e=>e.hostDisconnected?.())}attributeChangedCallback(e,t,n){this._$AK(e,n)}_$ET(e,t){let n=this.constructor.elementProperties.get(e),r=this.constructor._$Eu(e,n);if(r!==void 0&&!0===n.reflect){let i=(n.converter?.toAttribute===void 0?re:n.converter).toAttribute(t,n.type);this._$Em=e,i==null?this.removeAttribute(r):this.setAttribute(r,i),this._$Em=null}}_$AK(e,t){let n=this.constructor,r=n._$Eh.get(e);if(r!==void 0&&this._$Em!==r){let e=n.getPropertyOptions(r),i=typeof e.converter==`function`?{fromAttribute:e.converter}:e.converter?.fromAttribute===void 0?re:e.converter;this._$Em=r;let a=i.fromAttribute(t,e.type);this[r]=a??this._$Ej?.get(r)??a,this._$Em=null}}requestUpdate(e,t,n,r=!1,i){if(e!==void 0){let a=this.constructor;if(!1===r&&(i=this[e]),n??=a.getPropertyOptions(e),!((n.hasChanged??ie)(i,t)||n.useDefault&&n.reflect&&i===this._$Ej?.get(e)&&!this.hasAttribute(a._$Eu(e,n))))return;this.C(e,t,n)}!1===this.isUpdatePending&&(this._$ES=this._$EP())}C(e,t,{useDefault:n,reflect:r,wrapped:i},a){n&&!(this._$Ej??=new Map).has(e)&&(this._$Ej.set(e,a??t??this[e]),!0!==i||a!==void 0)||(this._$AL.has(e)||(this.hasUpdated||n||(t=void 0),this._$AL.set(e,t)),!0===r&&this._$Em!==e&&(this._$Eq??=new Set).add(e))}async _$EP(){this.isUpdatePending=!0;try{await this._$ES}catch(e){Promise.reject(e)}let e=this.scheduleUpdate();return e!=null&&await e,!this.isUpdatePending}scheduleUpdate(){return this.performUpdate()}performUpdate(){if(!this.isUpdatePending)return;if(!this.hasUpdated){if(this.renderRoot??=this.createRenderRoot(),this._$Ep){for(let[e,t]of this._$Ep)this[e]=t;this._$Ep=void 0}let e=this.constructor.elementProperties;if(e.size>0)for(let[t,n]of e){let{wrapped:e}=n,r=this[t];!0!==e||this._$AL.has(t)||r===void 0||this.C(t,void 0,n,r)}}let e=!1,t=this._$AL;try{e=this.shouldUpdate(t),e?(this.willUpdate(t),this._$EO?.forEach(e=>e.hostUpdate?.()),this.update(t)):this._$EM()}catch(t){throw e=!1,this._$EM(),t}e&&this._$AE(t)}willUpdate(e){}_$AE(e){this._$EO?.forEach(e=>e.hostUpdated?.()),this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(e)),this.updated(e)}_$EM(){this._$AL=new Map,this.isUpdatePending=!1}get updateComplete(){return this.getUpdateComplete()}getUpdateComplete(){return this._$ES}shouldUpdate(e){return!0}update(e){this._$Eq&&=this._$Eq.forEach(e=>this._$ET(e,this[e])),this._$EM()}updated(e){}firstUpdated(e){}};_.elementStyles=[],_.shadowRootOptions={mode:`open`},_[g(`elementProperties`)]=new Map,_[g(`finalized`)]=new Map,ne?.({ReactiveElement:_}),(h.reactiveElementVersions??=[]).push(`2.1.2`);var oe=globalThis,se=e=>e,ce=oe.trustedTypes,le=ce?ce.createPolicy(`lit-html`,{createHTML:e=>e}):void 0,ue=`$lit$`,v=`lit$${Math.random().toFixed(9).slice(2)}$`,de=`?`+v,fe=`<${de}>`,y=document,pe=()=>y.createComment(``),me=e=>e===null||typeof e!=`object`&&typeof e!=`function`,he=Array.isArray,ge=e=>he(e)||typeof e?.[Symbol.iterator]==`function`,_e=`[ 	
\f\r]`,ve=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,ye=/-->/g,be=/>/g,b=RegExp(`>|${_e}(?:([^\\s"'>=/]+)(${_e}*=${_e}*(?:[^ \t\n\f\r"'\`<>=]|("|')|))|$)`,`g`),xe=/'/g,Se=/"/g,Ce=/^(?:script|style|textarea|title)$/i,we=e=>(t,...n)=>({_$litType$:e,strings:t,values:n}),x=we(1),S=we(2),C=Symbol.for(`lit-noChange`),w=Symbol.for(`lit-nothing`),Te=new WeakMap,T=y.createTreeWalker(y,129);function Ee(e,t){if(!he(e)||!e.hasOwnProperty(`raw`))throw Error(`invalid template strings array`);return le===void 0?t:le.createHTML(t)}var De=(e,t)=>{let n=e.length-1,r=[],i,a=t===2?`<svg>`:t===3?`<math>`:``,o=ve;for(let t=0;t<n;t++){let n=e[t],s,c,l=-1,u=0;for(;u<n.length&&(o.lastIndex=u,c=o.exec(n),c!==null);)u=o.lastIndex,o===ve?c[1]===`!--`?o=ye:c[1]===void 0?c[2]===void 0?c[3]!==void 0&&(o=b):(Ce.test(c[2])&&(i=RegExp(`</`+c[2],`g`)),o=b):o=be:o===b?c[0]===`>`?(o=i??ve,l=-1):c[1]===void 0?l=-2:(l=o.lastIndex-c[2].length,s=c[1],o=c[3]===void 0?b:c[3]===`"`?Se:xe):o===Se||o===xe?o=b:o===ye||o===be?o=ve:(o=b,i=void 0);let d=o===b&&e[t+1].startsWith(`/>`)?` `:``;a+=o===ve?n+fe:l>=0?(r.push(s),n.slice(0,l)+ue+n.slice(l)+v+d):n+v+(l===-2?t:d)}return[Ee(e,a+(e[n]||`<?>`)+(t===2?`</svg>`:t===3?`</math>`:``)),r]},Oe=class e{constructor({strings:t,_$litType$:n},r){let i;this.parts=[];let a=0,o=0,s=t.length-1,c=this.parts,[l,u]=De(t,n);if(this.el=e.createElement(l,r),T.currentNode=this.el.content,n===2||n===3){let e=this.el.content.firstChild;e.replaceWith(...e.childNodes)}for(;(i=T.nextNode())!==null&&c.length<s;){if(i.nodeType===1){if(i.hasAttributes())for(let e of i.getAttributeNames())if(e.endsWith(ue)){let t=u[o++],n=i.getAttribute(e).split(v),r=/([.?@])?(.*)/.exec(t);c.push({type:1,index:a,name:r[2],strings:n,ctor:r[1]===`.`?Me:r[1]===`?`?Ne:r[1]===`@`?Pe:je}),i.removeAttribute(e)}else e.startsWith(v)&&(c.push({type:6,index:a}),i.removeAttribute(e));if(Ce.test(i.tagName)){let e=i.textContent.split(v),t=e.length-1;if(t>0){i.textContent=ce?ce.emptyScript:``;for(let n=0;n<t;n++)i.append(e[n],pe()),T.nextNode(),c.push({type:2,index:++a});i.append(e[t],pe())}}}else if(i.nodeType===8){if(i.data===de)c.push({type:2,index:a});else{let e=-1;for(;(e=i.data.indexOf(v,e+1))!==-1;)c.push({type:7,index:a}),e+=v.length-1}}a++}}static createElement(e,t){let n=y.createElement(`template`);return n.innerHTML=e,n}};function E(e,t,n=e,r){if(t===C)return t;let i=r===void 0?n._$Cl:n._$Co?.[r],a=me(t)?void 0:t._$litDirective$;return i?.constructor!==a&&(i?._$AO?.(!1),a===void 0?i=void 0:(i=new a(e),i._$AT(e,n,r)),r===void 0?n._$Cl=i:(n._$Co??=[])[r]=i),i!==void 0&&(t=E(e,i._$AS(e,t.values),i,r)),t}var ke=class{constructor(e,t){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=t}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:t},parts:n}=this._$AD,r=(e?.creationScope??y).importNode(t,!0);T.currentNode=r;let i=T.nextNode(),a=0,o=0,s=n[0];for(;s!==void 0;){if(a===s.index){let t;s.type===2?t=new Ae(i,i.nextSibling,this,e):s.type===1?t=new s.ctor(i,s.name,s.strings,this,e):s.type===6&&(t=new Fe(i,this,e)),this._$AV.push(t),s=n[++o]}a!==s?.index&&(i=T.nextNode(),a++)}return T.currentNode=y,r}p(e){let t=0;for(let n of this._$AV)n!==void 0&&(n.strings===void 0?n._$AI(e[t]):(n._$AI(e,n,t),t+=n.strings.length-2)),t++}},Ae=class e{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,t,n,r){this.type=2,this._$AH=w,this._$AN=void 0,this._$AA=e,this._$AB=t,this._$AM=n,this.options=r,this._$Cv=r?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode,t=this._$AM;return t!==void 0&&e?.nodeType===11&&(e=t.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,t=this){e=E(this,e,t),me(e)?e===w||e==null||e===``?(this._$AH!==w&&this._$AR(),this._$AH=w):e!==this._$AH&&e!==C&&this._(e):e._$litType$===void 0?e.nodeType===void 0?ge(e)?this.k(e):this._(e):this.T(e):this.$(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==w&&me(this._$AH)?this._$AA.nextSibling.data=e:this.T(y.createTextNode(e)),this._$AH=e}$(e){let{values:t,_$litType$:n}=e,r=typeof n==`number`?this._$AC(e):(n.el===void 0&&(n.el=Oe.createElement(Ee(n.h,n.h[0]),this.options)),n);if(this._$AH?._$AD===r)this._$AH.p(t);else{let e=new ke(r,this),n=e.u(this.options);e.p(t),this.T(n),this._$AH=e}}_$AC(e){let t=Te.get(e.strings);return t===void 0&&Te.set(e.strings,t=new Oe(e)),t}k(t){he(this._$AH)||(this._$AH=[],this._$AR());let n=this._$AH,r,i=0;for(let a of t)i===n.length?n.push(r=new e(this.O(pe()),this.O(pe()),this,this.options)):r=n[i],r._$AI(a),i++;i<n.length&&(this._$AR(r&&r._$AB.nextSibling,i),n.length=i)}_$AR(e=this._$AA.nextSibling,t){for(this._$AP?.(!1,!0,t);e!==this._$AB;){let t=se(e).nextSibling;se(e).remove(),e=t}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}},je=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,t,n,r,i){this.type=1,this._$AH=w,this._$AN=void 0,this.element=e,this.name=t,this._$AM=r,this.options=i,n.length>2||n[0]!==``||n[1]!==``?(this._$AH=Array(n.length-1).fill(new String),this.strings=n):this._$AH=w}_$AI(e,t=this,n,r){let i=this.strings,a=!1;if(i===void 0)e=E(this,e,t,0),a=!me(e)||e!==this._$AH&&e!==C,a&&(this._$AH=e);else{let r=e,o,s;for(e=i[0],o=0;o<i.length-1;o++)s=E(this,r[n+o],t,o),s===C&&(s=this._$AH[o]),a||=!me(s)||s!==this._$AH[o],s===w?e=w:e!==w&&(e+=(s??``)+i[o+1]),this._$AH[o]=s}a&&!r&&this.j(e)}j(e){e===w?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??``)}},Me=class extends je{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===w?void 0:e}},Ne=class extends je{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==w)}},Pe=class extends je{constructor(e,t,n,r,i){super(e,t,n,r,i),this.type=5}_$AI(e,t=this){if((e=E(this,e,t,0)??w)===C)return;let n=this._$AH,r=e===w&&n!==w||e.capture!==n.capture||e.once!==n.once||e.passive!==n.passive,i=e!==w&&(n===w||r);r&&this.element.removeEventListener(this.name,this,n),i&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH==`function`?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},Fe=class{constructor(e,t,n){this.element=e,this.type=6,this._$AN=void 0,this._$AM=t,this.options=n}get _$AU(){return this._$AM._$AU}_$AI(e){E(this,e)}},Ie={M:ue,P:v,A:de,C:1,L:De,R:ke,D:ge,V:E,I:Ae,H:je,N:Ne,U:Pe,B:Me,F:Fe},Le=oe.litHtmlPolyfillSupport;Le?.(Oe,Ae),(oe.litHtmlVersions??=[]).push(`3.3.3`);var Re=(e,t,n)=>{let r=n?.renderBefore??t,i=r._$litPart$;if(i===void 0){let e=n?.renderBefore??null;r._$litPart$=i=new Ae(t.insertBefore(pe(),e),e,void 0,n??{})}return i._$AI(e),i},ze=globalThis,D=class extends _{constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}createRenderRoot(){let e=super.createRenderRoot();return this.renderOptions.renderBefore??=e.firstChild,e}update(e){let t=this.render();this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),super.update(e),this._$Do=Re(t,this.renderRoot,this.renderOptions)}connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}render(){return C}};D._$litElement$=!0,D.finalized=!0,ze.litElementHydrateSupport?.({LitElement:D});var Be=ze.litElementPolyfillSupport;Be?.({LitElement:D}),(ze.litElementVersions??=[]).push(`4.2.2`);var O=o`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  h1,
  h2,
  h3,
  h4,
  p,
  ol,
  ul,
  dl,
  dd,
  figure {
    margin: 0;
    padding: 0;
  }
  ol,
  ul {
    list-style: none;
  }
  h2,
  h3 {
    font-size: inherit;
    font-weight: 600;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 1px;
    border-radius: var(--corner);
  }
  svg {
    display: block;
  }
  a {
    color: var(--accent);
    text-underline-offset: 2px;
  }
  code,
  kbd {
    font-family: var(--mono);
    font-size: 0.9em;
  }
  .quiet {
    color: var(--ink-soft);
  }
  .small {
    font-size: var(--size-small);
  }
  .tiny {
    font-size: var(--size-tiny);
  }
  .number {
    text-align: right;
    font-variant-numeric: tabular-nums;
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .cut {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
`,k=o`
  button,
  input,
  select,
  textarea {
    font: inherit;
    color: inherit;
  }
  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: var(--s2);
    min-height: 32px;
    padding: 0 var(--s3);
    border: 1px solid var(--hairline);
    border-radius: var(--corner);
    background: var(--raised);
    cursor: pointer;
    transition: background var(--quick);
  }
  button:hover:not(:disabled) {
    background: var(--pressed);
  }
  button:disabled {
    color: var(--ink-soft);
    cursor: default;
  }
  button.plain {
    border-color: transparent;
    background: transparent;
    color: var(--ink-soft);
  }
  button.plain:hover:not(:disabled) {
    background: var(--pressed);
    color: var(--ink);
  }
  button.icon {
    width: 32px;
    padding: 0;
    flex: none;
  }
  button.main {
    border-color: var(--accent);
    background: var(--accent);
    color: var(--on-accent);
  }
  button.main:hover:not(:disabled) {
    background: color-mix(in oklab, var(--accent), var(--ink) 18%);
  }
  button.main:disabled {
    border-color: var(--hairline);
    background: var(--pressed);
    color: var(--ink-soft);
  }
  button.danger {
    border-color: var(--bad);
    color: var(--bad);
  }
  button.link {
    min-height: 0;
    padding: 0;
    border: 0;
    background: none;
    color: var(--accent);
    text-decoration: underline;
    text-underline-offset: 2px;
  }
  input,
  select,
  textarea {
    min-height: 32px;
    padding: var(--s1) var(--s2);
    border: 1px solid var(--hairline);
    border-radius: var(--corner);
    background: var(--ground);
  }
  input::placeholder,
  textarea::placeholder {
    color: var(--ink-soft);
    opacity: 1;
  }
  input:focus-visible,
  select:focus-visible,
  textarea:focus-visible {
    outline-offset: -1px;
  }
  .filter {
    position: relative;
    color: var(--ink-soft);
  }
  .filter svg {
    position: absolute;
    top: 8px;
    left: 10px;
  }
  .filter input {
    width: 100%;
    padding-left: 34px;
    color: var(--ink);
  }
  kbd {
    padding: 0 var(--s1);
    border: 1px solid var(--hairline);
    border-radius: 4px;
    color: var(--ink-soft);
    font-size: var(--size-tiny);
    line-height: 1.4;
  }
`,A=o`
  .notice,
  .problem {
    padding: var(--s2) var(--s3);
    border-left: 2px solid var(--outline);
    background: var(--sunken);
    font-size: var(--size-small);
    overflow-wrap: anywhere;
  }
  .notice.warn {
    border-color: var(--warn);
    background: var(--warn-soft);
  }
  .problem {
    border-color: var(--bad);
    background: var(--bad-soft);
  }
  .problem .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--s2) var(--s3);
    margin-top: var(--s2);
  }
`,Ve=new Set([`chat.done`,`chat.failed`,`chat.cancelled`,`error`]),He=`soma.edge.v1.json`,Ue=250,We=8e3,Ge=2e4,Ke=[4001,4003],qe=class{listener;rest;#e;#t=Ue;#n;#r=0;#i=new Map;constructor(e,t){this.listener=e,this.rest=t,addEventListener(`online`,()=>this.#u()),addEventListener(`offline`,()=>this.#e?.close()),setInterval(()=>this.#d(),Ge)}open(){clearTimeout(this.#n);let e=location.protocol===`https:`?`wss`:`ws`,t=new WebSocket(`${e}://${location.host}/ws/v2/chat`,[He]);this.#e=t,t.addEventListener(`message`,e=>this.#s(JSON.parse(String(e.data)))),t.addEventListener(`close`,e=>void this.#l(t,e.code))}say(e){let t=crypto.randomUUID();return this.#i.set(t,{send:e,turnId:``,sequence:0,stopWhenKnown:!1}),this.#o(`chat.send`,t,e),t}follow(e){let t=crypto.randomUUID();return this.#i.set(t,{send:void 0,turnId:e,sequence:0,stopWhenKnown:!1}),this.#o(`chat.resume`,t,{turn_id:e,after_sequence:0}),t}stop(e){let t=this.#i.get(e);t!==void 0&&(t.stopWhenKnown=t.turnId===``||!this.#a,t.stopWhenKnown||this.#o(`chat.cancel`,crypto.randomUUID(),{turn_id:t.turnId}))}leave(e){this.#i.delete(e)}get#a(){return this.#e?.readyState===WebSocket.OPEN}#o(e,t,n){this.#a&&this.#e?.send(JSON.stringify({type:e,id:t,timestamp:new Date().toISOString(),payload:n}))}#s(e){if(this.#r=performance.now(),e.type===`connected`){this.#t=Ue,this.listener.link(`connected`),this.listener.connected(e.payload),this.#c();return}let t=this.#i.get(e.id);if(t===void 0)return;let{turn_id:n,sequence:r}=e.payload;if(n!==void 0&&r!==void 0){if(r<=t.sequence)return;t.turnId=n,t.sequence=r}Ve.has(e.type)?this.#i.delete(e.id):t.stopWhenKnown&&this.stop(e.id),this.listener.frame(e.id,{type:e.type,payload:e.payload})}#c(){for(let[e,t]of this.#i)t.turnId===``?t.send!==void 0&&this.#o(`chat.send`,e,t.send):this.#o(`chat.resume`,e,{turn_id:t.turnId,after_sequence:t.sequence})}async#l(e,t){e===this.#e&&(this.#e=void 0,this.listener.link(`lost`),Ke.includes(t)&&await this.rest.renew()===!1?this.listener.link(`locked`):(this.#n=setTimeout(()=>this.open(),this.#t*(.75+Math.random()/2)),this.#t=Math.min(this.#t*2,We)))}#u(){this.#t=Ue,this.#e===void 0&&this.open()}#d(){if(!this.#a||document.hidden)this.#r=performance.now();else if(performance.now()-this.#r>2*Ge){let e=this.#e;e?.close(),e!==void 0&&this.#l(e,1006)}else this.#o(`ping`,crypto.randomUUID(),{})}},Je=`OFFLINE`,Ye=class extends Error{code;details;retryAfter;constructor(e){let t=(e.violations??[]).map(e=>`${e.field}: ${e.description}`);super([e.message,...e.violations&&t.length>1?t:[]].join(` `)),this.code=e.code,this.details=e.details??{},this.retryAfter=e.retry_after}};function Xe(){return new Ye({code:Je,message:"The mesh cannot be reached from here. Look whether it runs with `.venv/bin/somastack status`."})}function j(e){return e instanceof Ye?e:Xe()}var Ze=`/api/v1/auth/session`,Qe=class{get(e,t={},n){return this.#e(`GET`,`${e}${nt(t)}`,void 0,n)}post(e,t,n){return this.#e(`POST`,e,t,n)}patch(e,t){return this.#e(`PATCH`,e,t)}delete(e){return this.#e(`DELETE`,e)}async renew(){return(await fetch(Ze,{credentials:`same-origin`}).catch(()=>void 0))?.ok}async#e(e,t,n,r){let i=await $e(e,t,n,r);i.status===401&&await this.renew()&&(i=await $e(e,t,n,r));let a=await i.json().catch(()=>void 0);if(!i.ok)throw tt(a)??Xe();return a}};async function $e(e,t,n,r){let i={accept:`application/json`};e!==`GET`&&(i[`x-soma-csrf`]=et());let a={method:e,headers:i,credentials:`same-origin`};n!==void 0&&(i[`content-type`]=`application/json`,a.body=JSON.stringify(n)),r!==void 0&&(a.signal=r);try{return await fetch(t,a)}catch(e){throw e instanceof DOMException&&e.name===`AbortError`?e:Xe()}}function et(){let e=document.cookie.split(`; `).map(e=>e.split(`=`,2)).filter(([e])=>e.startsWith(`soma_csrf_`)),t=e.find(([e])=>e===`soma_csrf_${location.port}`);return decodeURIComponent((t??e[0])?.[1]??``)}function tt(e){if(typeof e==`object`&&e&&`error`in e)return new Ye(e.error)}function nt(e){let t=new URLSearchParams;for(let[n,r]of Object.entries(e))for(let e of Array.isArray(r)?r:[r])t.append(n,String(e));let n=t.toString();return n===``?``:`?${n}`}var rt=new Intl.NumberFormat(`en`),it=new Intl.NumberFormat(`en`,{notation:`compact`,maximumFractionDigits:2,roundingMode:`floor`}),at=new Intl.DateTimeFormat(void 0,{hour:`2-digit`,minute:`2-digit`}),ot=new Intl.DateTimeFormat(void 0,{weekday:`long`,day:`numeric`,month:`long`}),st=new Intl.DateTimeFormat(void 0,{dateStyle:`medium`,timeStyle:`short`}),ct=864e5;function M(e){return rt.format(Number(e??0))}function lt(e){return e<1e5?rt.format(e):it.format(e)}function N(e,t,n=`${t}s`){return`${rt.format(e)} ${e===1?t:n}`}function ut(e){let t=Number(e??0)/1e6;return t===0?`free`:`$${t<.01?t.toFixed(6).replace(/0{1,2}$/,``):t.toFixed(t<1?4:2)}`}function dt(e){return e>=1e3?`${(e/1e3).toFixed(2)} s`:`${e<10?e.toFixed(1):e.toFixed(0)} ms`}function ft(e){return e.replaceAll(`_`,` `)}function pt(e){return e.charAt(0).toUpperCase()+e.slice(1)}function mt(e,t){return ft(e.replace(t,``).toLowerCase())}function ht(e){return e.replace(`DEGRADATION_LEVEL_`,``)}function gt(e){return at.format(e)}function _t(e){return st.format(new Date(e))}function vt(e,t=new Date){let n=Math.round((yt(t)-yt(new Date(e)))/ct);return n<=0?`Today`:n===1?`Yesterday`:ot.format(new Date(e))}function yt(e){return new Date(e).setHours(0,0,0,0)}function bt(e,t=8){let n=e.trim().split(/\s+/),r=n.slice(0,t).join(` `).slice(0,80);return n.length>t?`${r} …`:r}var P=class{#e;#t=new Set;constructor(e){this.#e=e}get value(){return this.#e}set value(e){if(!Object.is(e,this.#e)){this.#e=e;for(let e of[...this.#t])e()}}watch(e){return this.#t.add(e),()=>this.#t.delete(e)}},xt=class extends P{constructor(){super(0)}beat(){this.value+=1}},St=`/api/v1/chat/conversations`,Ct=60,wt=class{rest;list=new P(void 0);filter=new P(``);problem=new P(void 0);#e=``;#t=0;constructor(e){this.rest=e}get hasMore(){return this.#e!==``}async refresh(){let e=++this.#t;try{let t=await this.#n(``);e===this.#t&&(this.#e=t.next_page_token,this.list.value=t.conversations,this.problem.value=void 0)}catch(t){e===this.#t&&(this.problem.value=j(t))}}async loadMore(){let e=this.#t,t=await this.#n(this.#e).catch(()=>void 0);t!==void 0&&e===this.#t&&(this.#e=t.next_page_token,this.list.value=[...this.list.value??[],...t.conversations])}async narrow(e){this.filter.value=e,await this.refresh()}async rename(e,t){await this.rest.patch(`${St}/${encodeURIComponent(e)}`,{conversation:{title:t}}),await this.refresh()}async delete(e){await this.rest.delete(`${St}/${encodeURIComponent(e)}`),await this.refresh()}#n(e){let t={page_size:Ct,page_token:e,title_contains:this.filter.value.trim()};return this.rest.get(St,t)}},F=[`receipt`,`mind`,`memory`],Tt=[`system`,`light`,`dark`],Et=`soma.theme`,Dt=`soma.drawer`,Ot=matchMedia(`(max-width: 899.98px)`),kt=class{railOpen=new P(!1);drawerOpen=new P(!1);tab=new P(`receipt`);paletteOpen=new P(!1);theme=new P(At(Et,Tt,`system`));narrow=new P(Ot.matches);said=new P(``);constructor(){Ot.addEventListener(`change`,()=>{this.narrow.value=Ot.matches});let e=At(Dt,[...F,`closed`],`closed`);e!==`closed`&&!Ot.matches&&(this.tab.value=e,this.drawerOpen.value=!0),this.#e()}openDrawer(e){this.tab.value=e,this.drawerOpen.value=!0,this.railOpen.value=!1,localStorage.setItem(Dt,e)}closeDrawer(){this.drawerOpen.value=!1,localStorage.setItem(Dt,`closed`)}toggleDrawer(e){this.drawerOpen.value&&this.tab.value===e?this.closeDrawer():this.openDrawer(e)}setTheme(e){this.theme.value=e,localStorage.setItem(Et,e),this.#e()}nextTheme(){let e=Tt.indexOf(this.theme.value);this.setTheme(Tt[(e+1)%Tt.length]??`system`)}announce(e){this.said.value=``,queueMicrotask(()=>{this.said.value=e})}#e(){document.documentElement.dataset.theme=this.theme.value}};function At(e,t,n){let r=localStorage.getItem(e);return t.find(e=>e===r)??n}var jt=`/api/v1/memories`,Mt=30,Nt=1500,Pt=`RESOURCE_NOT_FOUND`,Ft=class{rest;agentId;query=new P(``);filters=new P({kinds:[],conversation_id:``,min_importance:0});found=new P(void 0);problem=new P(void 0);wanted=new P(void 0);report=new P(``);#e;constructor(e,t){this.rest=e,this.agentId=t}async search(){this.#e?.abort();let e=this.query.value.trim();if(e===``){this.found.value=void 0,this.problem.value=void 0;return}let t=new AbortController;this.#e=t;let n={query:e,top_k:Mt,time_budget_milliseconds:Nt,...this.#t()};try{let e=await this.rest.post(`${jt}:recall`,n,t.signal);this.found.value=e,this.problem.value=void 0}catch(e){t.signal.aborted||(this.problem.value=j(e))}}#t(){let{kinds:e,conversation_id:t,min_importance:n}=this.filters.value;return{kinds:e,conversation_id:t,min_importance:n,agent_id:this.agentId()}}async show(e){this.report.value=``,this.problem.value=void 0;try{let{memory:t}=await this.rest.get(`${jt}/${encodeURIComponent(e)}`);this.wanted.value=t}catch(e){this.wanted.value=void 0,this.problem.value=j(e)}}async add(e,t){let n=await this.rest.post(jt,{text:e,kind:t});this.wanted.value=n.memory,this.report.value=n.duplicate?`It was known already and counts for more now.`:`It is kept.`,await this.search()}async forget(e){await this.rest.delete(`${jt}/${encodeURIComponent(e.memory_id)}`);let t=await this.#n(e.memory_id);this.wanted.value=void 0,await this.search();let n=(this.found.value?.hits??[]).some(t=>t.memory.memory_id===e.memory_id);this.report.value=t&&!n?`Forgotten. Reading it again finds nothing, and the search does not show it any more.`:`The mesh took the deletion, but the memory can still be read. Try again in a moment.`}async#n(e){try{return await this.rest.get(`${jt}/${encodeURIComponent(e)}`),!1}catch(e){return e instanceof Ye&&e.code===Pt}}},It=`offline`,Lt=class{rest;link=new P(`connecting`);level=new P(``);agents=new P([]);models=new P([]);usedModel=new P(``);budget=new P(void 0);services=new P({});constructor(e){this.rest=e}get model(){return this.usedModel.value||(this.models.value.find(e=>e.tenant_default)?.model_profile_id??``)}get withoutModel(){let{value:e}=this.models;return e.length>0&&e.every(e=>e.provider===It)}async refresh(){let[e,t,n]=await Promise.all([this.rest.get(`/api/v1/models`,{page_size:200}).catch(()=>void 0),this.rest.get(`/api/v1/budget`).catch(()=>void 0),this.rest.get(`/api/v1/health`).catch(()=>void 0)]);this.models.value=e?.models??this.models.value,this.services.value=n?.services??this.services.value;let r=t?.budgets.find(e=>e.period===`BUDGET_PERIOD_DAY`);this.budget.value=t===void 0?this.budget.value:r}},Rt=60,zt=class{rest;state=new P(void 0);changes=new P([]);problem=new P(void 0);#e=``;#t=``;constructor(e){this.rest=e}get hasMore(){return this.#t!==``}async load(e){this.#e=e;try{let[t,n]=await Promise.all([this.rest.get(`/neuromodulators`,{agent_id:e}),this.#n(``)]);this.#e===e&&(this.state.value={...t,effects:n.effects},this.changes.value=n.changes,this.#t=n.next_page_token,this.problem.value=void 0)}catch(e){this.problem.value=j(e)}}async loadMore(){let e=this.#e,t=await this.#n(this.#t).catch(()=>void 0);t!==void 0&&e===this.#e&&(this.#t=t.next_page_token,this.changes.value=[...this.changes.value,...t.changes])}history(e){let t=this.changes.value.filter(t=>t.name===e).reverse(),n=t[0];return n===void 0?[]:[n.before,...t.map(e=>e.after)]}#n(e){let t={agent_id:this.#e,page_size:Rt,page_token:e};return this.rest.get(`/api/v1/cognitive/explain`,t)}},Bt=[300,700,1500,3e3],Vt=class{rest;shown=new P(void 0);wanted=new P(``);problem=new P(void 0);#e=new Map;constructor(e){this.rest=e}async show(e){this.wanted.value=e,this.problem.value=void 0;for(let t of[0,...Bt]){if(await new Promise(e=>setTimeout(e,t)),this.wanted.value!==e)return;try{let t=await this.read(e);if(this.wanted.value===e&&(this.shown.value=t),t.settle_time!==void 0)return}catch(e){this.problem.value=j(e),this.shown.value=void 0;return}}}async read(e){let t=this.#e.get(e);if(t!==void 0)return t;let{receipt:n}=await this.rest.get(`/api/v1/receipts/${encodeURIComponent(e)}`);return n.settle_time!==void 0&&this.#e.set(e,n),n}};function Ht(){return{async:!1,breaks:!1,extensions:null,gfm:!0,hooks:null,pedantic:!1,renderer:null,silent:!1,tokenizer:null,walkTokens:null}}var I=Ht();function Ut(e){I=e}var L={exec:()=>null};function R(e){let t=[];return n=>{let r=Math.max(0,Math.min(3,n-1)),i=t[r];return i||(i=e(r),t[r]=i),i}}function z(e,t=``){let n=typeof e==`string`?e:e.source,r={replace:(e,t)=>{let i=typeof t==`string`?t:t.source;return i=i.replace(B.caret,`$1`),n=n.replace(e,i),r},getRegex:()=>new RegExp(n,t)};return r}var Wt=((e=``)=>{try{return!!RegExp(`(?<=1)(?<!1)`+e)}catch{return!1}})(),B={codeRemoveIndent:/^(?: {0,3}\t| {1,4})/gm,listInterruptsParagraph:/^ {0,3}(?:[*+-]|1[.)])[ \t]+[^ \t\n]/,outputLinkReplace:/\\([\[\]])/g,indentCodeCompensation:/^(\s+)(?:```)/,beginningSpace:/^\s+/,endingHash:/#$/,startingSpaceChar:/^ /,endingSpaceChar:/ $/,endingSpaceTabChar:/[ \t]$/,nonSpaceChar:/[^ ]/,newLineCharGlobal:/\n/g,tabCharGlobal:/\t/g,leadingSpaceTab:/^[ \t]+/,multipleSpaceGlobal:/\s+/g,blankLine:/^[ \t]*$/,doubleBlankLine:/\n[ \t]*\n[ \t]*$/,blockquoteStart:/^ {0,3}>/,blockquoteSetextReplace:/\n {0,3}((?:=+|-+)[ \t]*)(?=\n|$)/g,blockquoteSetextReplace2:/^ {0,3}>[ \t]?/gm,blockquoteMarkerWhitespace:/^( {0,3}>)(\t[ \t]*)/gm,nestedBlockMarker:/^ {0,3}(?:(?:[*+-]|\d{1,9}[.)])(?: |$)|> ?)/,listReplaceNesting:/^ {1,4}(?=( {4})*[^ ])/g,listIsTask:/^\[[ xX]\][ \t]+\S/,listReplaceTask:/^\[[ xX]\][ \t]+/,listTaskCheckbox:/\[[ xX]\]/,anyLine:/\n.*\n/,hrefBrackets:/^<(.*)>$/,tableDelimiter:/[:|]/,tableAlignChars:/^\||\| *$/g,tableRowBlankLine:/\n[ \t]*$/,tableAlignRight:/^ *-+: *$/,tableAlignCenter:/^ *:-+: *$/,tableAlignLeft:/^ *:-+ *$/,startATag:/^<a /i,endATag:/^<\/a>/i,startPreScriptTag:/^<(pre|code|kbd|script)(\s|>)/i,endPreScriptTag:/^<\/(pre|code|kbd|script)(\s|>)/i,startAngleBracket:/^</,endAngleBracket:/>$/,pedanticHrefTitle:/^([^'"]*[^\s])\s+(['"])(.*)\2/,unicodeAlphaNumeric:/[\p{L}\p{N}]/u,numericCharacterReference:/&#(?:(\d{1,7})|[Xx]([A-Fa-f0-9]{1,6}));/,numericCharacterReferenceOrAmpersand:/&#(?:(\d{1,7})|[Xx]([A-Fa-f0-9]{1,6}));|&(?!(#\d{1,7}|#[Xx][a-fA-F0-9]{1,6}|\w+);)/g,escapeTest:/[&<>"']/,escapeReplace:/[&<>"']/g,escapeTestNoEncode:/[<>"']|&(?!(#\d{1,7}|#[Xx][a-fA-F0-9]{1,6}|\w+);)/,escapeReplaceNoEncode:/[<>"']|&(?!(#\d{1,7}|#[Xx][a-fA-F0-9]{1,6}|\w+);)/g,caret:/(^|[^\[])\^/g,percentDecode:/%25/g,findPipe:/\|/g,splitPipe:/ \|/,slashPipe:/\\\|/g,carriageReturn:/\r\n|\r/g,spaceLine:/^ +$/gm,notSpaceStart:/^\S*/,endingNewline:/\n$/,listItemRegex:e=>RegExp(`^( {0,3}${e})((?:[	 ][^\\n]*)?(?:\\n|$))`),nextBulletRegex:R(e=>RegExp(`^ {0,${e}}(?:[*+-]|\\d{1,9}[.)])((?:[ 	][^\\n]*)?(?:\\n|$))`)),hrRegex:R(e=>RegExp(`^ {0,${e}}((?:-[ 	]*){3,}|(?:_[ 	]*){3,}|(?:\\*[ 	]*){3,})(?:\\n+|$)`)),fencesBeginRegex:R(e=>RegExp(`^ {0,${e}}(?:\`\`\`|~~~)`)),headingBeginRegex:R(e=>RegExp(`^ {0,${e}}#{1,6}(?:\\s|$)`)),pedanticHeadingBeginRegex:R(e=>RegExp(`^ {0,${e}}#`)),htmlBeginRegex:R(e=>RegExp(`^ {0,${e}}(?:</?(?:${Zt})(?:[ \\t]+|$|/?>)|<(?:(?:script|pre|style|textarea)(?:[\\s>]|$)|!--)|<\\?|<![A-Za-z]|<!\\[CDATA\\[)`,`i`)),blockquoteBeginRegex:R(e=>RegExp(`^ {0,${e}}>`)),nestedContainerMarkers:/^(?: {0,3}(?:(?:[*+-]|\d{1,9}[.)])[ \t]+|>[ \t]?))+/},Gt=/^(?:[ \t]*(?:\n|$))+/,Kt=/^((?: {4}| {0,3}\t)[^\n]+(?:\n(?:[ \t]*(?:\n|$))*)?)+/,qt=/^ {0,3}(`{3,}(?=[^`\n]*(?:\n|$))|~{3,})([^\n]*)(?:\n|$)(?:|([\s\S]*?)(?:\n|$))(?: {0,3}(?:(?=`)\1`*|(?=~)\1~*) *(?=\n|$)|$)/,Jt=/^ {0,3}((?:-[\t ]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})(?:\n+|$)/,Yt=/^ {0,3}(#{1,6})(?=\s|$)(.*)(?:\n+|$)/,Xt=/ {0,3}(?:[*+-]|\d{1,9}[.)])/,Zt=`address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|meta|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul`,Qt=z(` {0,3}(?:</?(?:tag)(?:[ \\t]+|\\n|/?>)|<(?:(?:script|pre|style|textarea)(?:[\\s>]|$)|!--)|<\\?|<![A-Za-z]|<!\\[CDATA\\[)`).replace(`tag`,Zt).getRegex(),$t=/^(?!bull |blockCode|fences|blockquote|heading|html|table)((?:.|\n(?!\s*?\n|bull |fences|blockquote|heading|hr|html|table))+?)\n {0,3}(=+|-+)[ \t]*(?:\n+|$)/,en=z($t).replace(/bull/g,Xt).replace(/blockCode/g,/(?: {4}| {0,3}\t)/).replace(/fences/g,/ {0,3}(?:`{3,}|~{3,})/).replace(/blockquote/g,/ {0,3}>/).replace(/heading/g,/ {0,3}#{1,6}(?:\s|$)/).replace(/hr/g,/ {0,3}(?:(?:-[\t ]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})(?:\n+|$)/).replace(/\|table/g,``).replace(/html/g,Qt).getRegex(),tn=z($t).replace(/bull/g,Xt).replace(/blockCode/g,/(?: {4}| {0,3}\t)/).replace(/fences/g,/ {0,3}(?:`{3,}|~{3,})/).replace(/blockquote/g,/ {0,3}>/).replace(/heading/g,/ {0,3}#{1,6}(?:\s|$)/).replace(/hr/g,/ {0,3}(?:(?:-[\t ]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})(?:\n+|$)/).replace(/table/g,/ {0,3}\|?(?:[:\- ]*\|)+[\:\- ]*\n/).replace(/html/g,Qt).getRegex(),nn=/^([^\n]+(?:\n(?!hr|heading|lheading|blockquote|fences|list|html|table|[ \t]+\n)[^\n]+)*)/,rn=/^[^\n]+/,an=/(?!\s*\])(?:\\[\s\S]|[^\[\]\\\n]|\n(?![ \t]*\n))+/,on=z(/^ {0,3}\[(label)\]: *(?:\n[ \t]*)?([^<\s][^\s]*|<(?:\\.|[^\n<>\\])*>)(?:(?: +(?:\n[ \t]*)?| *\n[ \t]*)(title))? *(?:\n+|$)/).replace(`label`,an).replace(`title`,/(?:"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\\n]|\n(?!\n))*'|\((?:\\[\s\S]|[^()\\])*\))/).getRegex(),sn=z(/^(bull)([ \t][^\n]*?)?(?:\n|$)/).replace(/bull/g,Xt).getRegex(),cn=/<!--(?:-?>|[\s\S]*?(?:-->|$))/,ln=z(`^ {0,3}(?:<(script|pre|style|textarea)[\\s>][\\s\\S]*?(?:</\\1>[^\\n]*\\n*|$)|comment[^\\n]*(\\n+|$)|<\\?[\\s\\S]*?(?:\\?>[^\\n]*\\n*|$)|<![A-Z][\\s\\S]*?(?:>[^\\n]*\\n*|$)|<!\\[CDATA\\[[\\s\\S]*?(?:\\]\\]>[^\\n]*\\n*|$)|</?(tag)(?:[ \\t]+|\\n|/?>|$)[\\s\\S]*?(?:(?:\\n[ 	]*)+\\n|$)|<(?!(?:script|pre|style|textarea)(?![a-z0-9-]))([a-z][a-z0-9-]*)(?:attribute)*?[ \\t]*/?>(?=[ \\t]*(?:\\n|$))[\\s\\S]*?(?:(?:\\n[ 	]*)+\\n|$)|</[a-z][a-z0-9-]*\\s*>(?=[ \\t]*(?:\\n|$))[\\s\\S]*?(?:(?:\\n[ 	]*)+\\n|$))`,`i`).replace(`comment`,cn).replace(`tag`,Zt).replace(`attribute`,/[ \t]+[a-zA-Z:_][\w.:-]*(?:[ \t]*=[ \t]*"[^"\n]*"|[ \t]*=[ \t]*'[^'\n]*'|[ \t]*=[ \t]*[^\s"'=<>`]+)?/).getRegex(),un=e=>z(nn).replace(`hr`,Jt).replace(`heading`,` {0,3}#{1,6}(?:\\s|$)`).replace(`|lheading`,``).replace(`|table`,``).replace(`blockquote`,` {0,3}>`).replace(`fences`," {0,3}(?:`{3,}(?=[^`\\n]*(?:\\n|$))|~~~)[^\\n]*(?:\\n|$)").replace(`list`,e).replace(`html`,Qt).getRegex(),dn=un(/ {0,3}(?:[*+-]|1[.)])[ \t]+[^ \t\n]/),fn=un(/ {0,3}(?:[*+-]|\d{1,9}[.)])(?:[ \t]|\n|$)/),pn={blockquote:z(/^( {0,3}> ?(?:(?![ \t]*(?:\n|$))(paragraph)|[^\n]*)(?:\n|$))+/).replace(`paragraph`,fn).getRegex(),code:Kt,def:on,fences:qt,heading:Yt,hr:Jt,html:ln,lheading:en,list:sn,newline:Gt,paragraph:dn,table:L,text:rn},mn=z(`^ *([^\\n ].*)\\n {0,3}((?:\\| *)?:?-+:? *(?:\\| *:?-+:? *)*(?:\\| *)?)(?:\\n((?:(?! *\\n|hr|heading|blockquote|code|fences|list|html).*(?:\\n|$))*)\\n*|$)`).replace(`hr`,Jt).replace(`heading`,` {0,3}#{1,6}(?:\\s|$)`).replace(`blockquote`,` {0,3}>`).replace(`code`,`(?: {4}| {0,3}	)[^\\n]`).replace(`fences`," {0,3}(?:`{3,}(?=[^`\\n]*(?:\\n|$))|~~~)[^\\n]*(?:\\n|$)").replace(`list`,` {0,3}(?:[*+-]|1[.)])[ \\t]`).replace(`html`,Qt).getRegex(),hn={...pn,lheading:tn,table:mn,paragraph:z(nn).replace(`hr`,Jt).replace(`heading`,` {0,3}#{1,6}(?:\\s|$)`).replace(`|lheading`,``).replace(`table`,mn).replace(`blockquote`,` {0,3}>`).replace(`fences`," {0,3}(?:`{3,}(?=[^`\\n]*(?:\\n|$))|~~~)[^\\n]*(?:\\n|$)").replace(`list`,` {0,3}(?:[*+-]|1[.)])[ \\t]+[^ \\t\\n]`).replace(`html`,Qt).getRegex()},gn={...pn,html:z(`^ *(?:comment(?: *\\n|\\s*$)|<(tag)[\\s\\S]+?</\\1>(?: *\\n{2,}|\\s*$)|<tag(?:"[^"]*"|'[^']*'|\\s[^'"/>\\s]*)*?/?>(?: *\\n{2,}|\\s*$))`).replace(`comment`,cn).replace(/tag/g,`(?!(?:a|em|strong|small|s|cite|q|dfn|abbr|data|time|code|var|samp|kbd|sub|sup|i|b|u|mark|ruby|rt|rp|bdi|bdo|span|br|wbr|ins|del|img)\\b)\\w+(?!:|[^\\w\\s@]*@)\\b`).getRegex(),def:/^ *\[([^\]]+)\]: *<?([^\s>]+)>?(?: +(["(][^\n]+[")]))? *(?:\n+|$)/,heading:/^(#{1,6})(.*)(?:\n+|$)/,fences:L,lheading:/^(.+?)\n {0,3}(=+|-+) *(?:\n+|$)/,paragraph:z(nn).replace(`hr`,Jt).replace(`heading`,` *#{1,6} *[^
]`).replace(`|table`,``).replace(`blockquote`,` {0,3}>`).replace(`|fences`,``).replace(`|list`,``).replace(`|html`,``).replace(`|tag`,``).replace(`lheading`,en).getRegex()},_n=/^\\([!"#$%&'()*+,\-./:;<=>?@\[\]\\^_`{|}~])/,vn=/^(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)/,yn=/^( {2,}|\\)\n(?!\s*$)[ \t]*/,bn=/^(`+|[^`])(?:(?= {2,}\n)|[\s\S]*?(?:(?=[\\<!\[`*_]|\b_|$)|[^ ](?= {2,}\n)))/,V=/[\p{P}\p{S}]/u,xn=/[\s\p{P}\p{S}]/u,Sn=/[^\s\p{P}\p{S}]/u,Cn=z(/^((?![*_])punctSpace)/,`u`).replace(/punctSpace/g,xn).getRegex(),wn=/[\p{Pi}\p{Ps}"']/u,Tn=/(?!~)[\p{P}\p{S}]/u,En=/(?!~)[\s\p{P}\p{S}]/u,Dn=/(?:[^\s\p{P}\p{S}]|~)/u,On=z(/link|precode-code|html/,`g`).replace(`link`,/\[(?:[^\[\]`]|(?<a>`+)[^`]+\k<a>(?!`))*?\]\((?:\\[\s\S]|[^\\\(\)]|\((?:\\[\s\S]|[^\\\(\)])*\))*\)/).replace(`precode-`,Wt?"(?<!`)()":"(^^|[^`])").replace(`code`,/(?<b>`+)[^`]+\k<b>(?!`)/).replace(`html`,/<(?! )[^<>]*?>/).getRegex(),kn=/^(?:\*+(?:((?!\*)punct)|([^\s*]))?)|^_+(?:((?!_)punct)|([^\s_]))?/,An=z(kn,`u`).replace(/punct/g,V).getRegex(),jn=z(kn,`u`).replace(/punct/g,Tn).getRegex(),Mn=z(/^(?:\*+(?:((?!\*)(?!openQuote)punct)|([^\s*]))?)|^_+(?:((?!_)(?!openQuote)punct)|([^\s_]))?/,`u`).replace(/openQuote/g,wn).replace(/punct/g,V).getRegex(),Nn=`^[^_*]*?__[^_*]*?\\*[^_*]*?(?=__)|[^*]+(?=[^*])|(?!\\*)punct(\\*+)(?=[\\s]|$)|notPunctSpace(\\*+)(?!\\*)(?=punctSpace|$)|(?!\\*)punctSpace(\\*+)(?=notPunctSpace)|[\\s](\\*+)(?!\\*)(?=punct)|(?!\\*)punct(\\*+)(?!\\*)(?=punct)|notPunctSpace(\\*+)(?=notPunctSpace)`,Pn=z(Nn,`gu`).replace(/notPunctSpace/g,Sn).replace(/punctSpace/g,xn).replace(/punct/g,V).getRegex(),Fn=z(Nn,`gu`).replace(/notPunctSpace/g,Dn).replace(/punctSpace/g,En).replace(/punct/g,Tn).getRegex(),In=z(`^[^_*]*?__[^_*]*?\\*[^_*]*?(?=__)|[^*]+(?=[^*])|(?!\\*)punct(\\*+)(?=[\\s]|$)|notPunctSpace(\\*+)(?!\\*)(?=punctSpace|$)|(?!\\*)[\\s](\\*+)(?=notPunctSpace)|[\\s](\\*+)(?!\\*)(?=punct)|(?!\\*)punct(\\*+)(?!\\*)(?=punct)|(?:(?!\\*)punct|notPunctSpace)(\\*+)(?!\\*)(?=notPunctSpace)`,`gu`).replace(/notPunctSpace/g,Sn).replace(/punctSpace/g,xn).replace(/punct/g,V).getRegex(),Ln=z(`^[^_*]*?\\*\\*[^_*]*?_[^_*]*?(?=\\*\\*)|[^_]+(?=[^_])|(?!_)punct(_+)(?=[\\s]|$)|notPunctSpace(_+)(?!_)(?=punctSpace|$)|(?!_)punctSpace(_+)(?=notPunctSpace)|[\\s](_+)(?!_)(?=punct)|(?!_)punct(_+)(?!_)(?=punct)`,`gu`).replace(/notPunctSpace/g,Sn).replace(/punctSpace/g,xn).replace(/punct/g,V).getRegex(),Rn=z(`^[^_*]*?\\*\\*[^_*]*?_[^_*]*?(?=\\*\\*)|[^_]+(?=[^_])|(?!_)punct(_+)(?=[\\s]|$)|notPunctSpace(_+)(?!_)(?=punctSpace|$)|(?!_)[\\s](_+)(?=notPunctSpace)|[\\s](_+)(?!_)(?=punct)|(?!_)punct(_+)(?!_)(?=punct)|(?:(?!_)punct|notPunctSpace)(_+)(?!_)(?=notPunctSpace)`,`gu`).replace(/notPunctSpace/g,Sn).replace(/punctSpace/g,xn).replace(/punct/g,V).getRegex(),zn=z(/^~~?(?:((?!~)punct)|[^\s~])/,`u`).replace(/punct/g,V).getRegex(),Bn=z(`^[^~]+(?=[^~])|(?!~)punct(~~?)(?=[\\s]|$)|notPunctSpace(~~?)(?!~)(?=punctSpace|$)|(?!~)punctSpace(~~?)(?=notPunctSpace)|[\\s](~~?)(?!~)(?=punct)|(?!~)punct(~~?)(?!~)(?=punct)|notPunctSpace(~~?)(?=notPunctSpace)`,`gu`).replace(/notPunctSpace/g,Sn).replace(/punctSpace/g,xn).replace(/punct/g,V).getRegex(),Vn=z(/\\(punct)/,`gu`).replace(/punct/g,V).getRegex(),Hn=z(/(`+)(?:[^`]|[^`][\s\S]*?[^`])\1(?!`)|`+|\\(punct)/,`gu`).replace(/punct/g,V).getRegex(),Un=z(/^<(scheme:[^\s\x00-\x1f<>]*|email)>/).replace(`scheme`,/[a-zA-Z][a-zA-Z0-9+.-]{1,31}/).replace(`email`,/[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+(@)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+(?![-_])/).getRegex(),Wn=z(cn).replace(`(?:-->|$)`,`-->`).getRegex(),Gn=z(`^comment|^</[a-zA-Z][a-zA-Z0-9-]*\\s*>|^<[a-zA-Z][a-zA-Z0-9-]*(?:attribute)*?\\s*/?>|^<\\?[\\s\\S]*?\\?>|^<![a-zA-Z]+\\s[\\s\\S]*?>|^<!\\[CDATA\\[[\\s\\S]*?\\]\\]>`).replace(`comment`,Wn).replace(`attribute`,/\s+[a-zA-Z:_][\w.:-]*(?:\s*=\s*"[^"]*"|\s*=\s*'[^']*'|\s*=\s*[^\s"'=<>`]+)?/).getRegex(),Kn=/\[(?:\\[\s\S]|[^\[\]\\])*\]/,qn=z(/(?:\[(?:brackets|\\[\s\S]|[^\[\]\\])*\]|\\[\s\S]|`+(?!`)[^`]*?`+(?!`)|``+(?=\])|[^\[\]\\`])*?/).replace(`brackets`,Kn).getRegex(),Jn=z(/^!?\[(label)\]\([ \t\n]*(href)(?:(?:[ \t]+(?:\n[ \t]*)?|\n[ \t]*)(title))?[ \t\n]*\)/).replace(`label`,qn).replace(`href`,/<(?:\\.|[^\n<>\\])*>|(?!<)[^ \t\n\x00-\x1f]+|(?=\))/).replace(`title`,/"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|\((?:\\[\s\S]|[^)\\])*\)/).getRegex(),Yn=z(/^!?\[(label)\]\[(ref)\]/).replace(`label`,qn).replace(`ref`,an).getRegex(),Xn=z(/^!?\[(ref)\](?:\[\])?/).replace(`ref`,an).getRegex(),Zn=/(?!\s*\])(?:\\[\s\S]|[^\[\]\\]){1,999}/,Qn=z(/(?:[^\[\]\\`]*(?:\[(?:brackets|\\[\s\S]|[^\[\]\\])*\]|\\[\s\S]|`+(?!`)[^`]*?`+(?!`)|``+(?=\]))){0,999}?[^\[\]\\`]*?/).replace(`brackets`,Kn).getRegex(),$n=z(`reflink|nolink(?!\\()`,`g`).replace(`reflink`,z(/^!?\[(label)\]\[(ref)\]/).replace(`label`,Qn).replace(`ref`,Zn).getRegex()).replace(`nolink`,z(/^!?\[(ref)\](?:\[\])?/).replace(`ref`,Zn).getRegex()).getRegex(),er=/[hH][tT][tT][pP][sS]?|[fF][tT][pP]/,tr=z(/(?:mailto:email|xmpp:email(?:\/[A-Za-z0-9@.]+)?)/).replace(/email/g,/[A-Za-z0-9._+-]+@[a-zA-Z0-9-_]+(?:\.[a-zA-Z0-9-_]*[a-zA-Z0-9])+(?![\w-])/).getRegex(),nr={_backpedal:L,anyPunctuation:Vn,anyPunctuationOutsideCode:Hn,autolink:Un,blockSkip:On,br:yn,code:vn,del:L,delLDelim:L,delRDelim:L,emStrongLDelim:An,emStrongRDelimAst:Pn,emStrongRDelimUnd:Ln,escape:_n,link:Jn,nolink:Xn,punctuation:Cn,reflink:Yn,reflinkSearch:$n,tag:Gn,text:bn,url:L},rr={...nr,emStrongLDelim:Mn,emStrongRDelimAst:In,emStrongRDelimUnd:Rn,link:z(/^!?\[(label)\]\((.*?)\)/).replace(`label`,qn).getRegex(),reflink:z(/^!?\[(label)\]\s*\[([^\]]*)\]/).replace(`label`,qn).getRegex()},ir={...nr,emStrongRDelimAst:Fn,emStrongLDelim:jn,delLDelim:zn,delRDelim:Bn,url:z(/^emailProtocol|^((?:protocol):\/\/|www\.)(?:[a-zA-Z0-9\-]+\.?)+[^\s<]*|^email/).replace(`emailProtocol`,tr).replace(`protocol`,er).replace(`email`,/[A-Za-z0-9._+-]+(@)[a-zA-Z0-9-_]+(?:\.[a-zA-Z0-9-_]*[a-zA-Z0-9])+(?![\w-])/).getRegex(),_backpedal:/(?:[^?!.,:;*_'"~()&]+|\([^)]*\)|&(?![a-zA-Z0-9]+;$)|[?!.,:;*_'"~)]+(?!$))+/,del:/^(~~?)(?=[^\s~])((?:\\[\s\S]|[^\\])*?(?:\\[\s\S]|[^\s~\\]))\1(?=[^~]|$)/,text:z(/^(?:[^a-zA-Z0-9](?=emailProtocol)|(`+|~+|[^`~])(?:(?=[`~])|(?= {2,}\n)|(?=[a-zA-Z0-9.!#$%&'*+\/=?_`{\|}~-]+@)|[\s\S]*?(?:(?=[\\<!\[`*~_]|\b_|protocol:\/\/|wwwStart|$)|[^ ](?= {2,}\n)|[^a-zA-Z0-9](?=emailProtocol)|[^a-zA-Z0-9.!#$%&'*+\/=?_`{\|}~-](?=[a-zA-Z0-9.!#$%&'*+\/=?_`{\|}~-]+@))))/).replace(`protocol`,er).replace(/emailProtocol/g,/(?:mailto|xmpp):/).replace(`wwwStart`,Wt?`(?<![^\\s*_~(])www\\.`:`www\\.`).getRegex()},ar={...ir,br:z(yn).replace(`{2,}`,`*`).getRegex(),text:z(ir.text).replace(`\\b_`,`\\b_| {2,}\\n`).replace(/\{2,\}/g,`*`).getRegex()},or={normal:pn,gfm:hn,pedantic:gn},sr={normal:nr,gfm:ir,breaks:ar,pedantic:rr},cr={"&":`&amp;`,"<":`&lt;`,">":`&gt;`,'"':`&quot;`,"'":`&#39;`},lr=e=>cr[e];function H(e,t){if(t){if(B.escapeTest.test(e))return e.replace(B.escapeReplace,lr)}else if(B.escapeTestNoEncode.test(e))return e.replace(B.escapeReplaceNoEncode,lr);return e}function ur(e){return B.numericCharacterReference.test(e)?e.replace(B.numericCharacterReferenceOrAmpersand,(e,t,n)=>{if(t===void 0&&n===void 0)return`&amp;`;let r=t===void 0?Number.parseInt(n,16):Number.parseInt(t,10);return r===0||r>1114111||r>=55296&&r<=57343?`�`:r===38?`&amp;`:String.fromCodePoint(r)}):e}function dr(e){try{e=encodeURI(e).replace(B.percentDecode,`%`)}catch{return null}return e}function fr(e,t){let n=e.replace(B.findPipe,(e,t,n)=>{let r=!1,i=t;for(;--i>=0&&n[i]===`\\`;)r=!r;return r?`|`:` |`}).split(B.splitPipe),r=0;if(n[0].trim()||n.shift(),n.length>0&&!n.at(-1)?.trim()&&n.pop(),t){if(n.length>t)n.splice(t);else for(;n.length<t;)n.push(``)}for(;r<n.length;r++)n[r]=n[r].trim().replace(B.slashPipe,`|`);return n}function U(e,t,n){let r=e.length;if(r===0)return``;let i=0;for(;i<r;){let a=e.charAt(r-i-1);if(a===t&&!n)i++;else if(a!==t&&n)i++;else break}return e.slice(0,r-i)}function pr(e){let t=e.split(`
`),n=t.length-1;for(;n>=0&&B.blankLine.test(t[n]);)n--;return t.length-n<=2?e:t.slice(0,n+1).join(`
`)}function mr(e){return e.trim().replace(B.multipleSpaceGlobal,` `).toLowerCase().toUpperCase().toLowerCase()}function hr(e,t){if(e.indexOf(t[0])===-1&&e.indexOf(t[1])===-1)return-1;let n=0;for(let r=0;r<e.length;r++)if(e[r]===`\\`)r++;else if(e[r]===t[0])n++;else if(e[r]===t[1]&&(n--,n<0))return r;return n>0?-2:-1}var gr=new WeakMap;function _r(e){let t={"*":-1,_:-1},n=-1,r=e.length;for(let i=0;i<r;i++){let a=e[i];if(a!==`*`&&a!==`_`&&a!==`~`)continue;let o=i===0?`
`:e[i-1],s=i+1;for(;s<r&&e[s]===a;)s++;o!==` `&&o!==`	`&&o!==`
`&&o!==`\r`&&o!==`\f`&&(a===`~`?n=i:t[a]=i),i=s-1}return{maskedSrc:e,lastPossibleEmStrongCloserIndex:t,lastPossibleDelCloserIndex:n}}function vr(e,t){let n=_r(t),r=gr.get(e);r?r.push(n):gr.set(e,[n])}function yr(e){let t=gr.get(e);t&&(t.pop(),t.length===0&&gr.delete(e))}function br(e,t,n){let r=gr.get(e)?.at(-1);return r&&r.maskedSrc===t?r.lastPossibleEmStrongCloserIndex[n]:_r(t).lastPossibleEmStrongCloserIndex[n]}function xr(e,t){let n=gr.get(e)?.at(-1);return n&&n.maskedSrc===t?n.lastPossibleDelCloserIndex:_r(t).lastPossibleDelCloserIndex}function Sr(e,t=0){let n=t,r=``;for(let t of e)if(t===`	`){let e=4-n%4;r+=` `.repeat(e),n+=e}else r+=t,n++;return r}function Cr(e,t){let n=``;for(let r=0;r<e.length;r++){if(e[r]==="`"){let i=t.inline.code.exec(e.slice(r));if(i){n+=i[0],r+=i[0].length-1;continue}}e[r]===`\\`&&(e[r+1]===`[`||e[r+1]===`]`)?(n+=e[r+1],r++):n+=e[r]}return n}function wr(e,t,n,r,i){let a=t.href,o=t.title||null,s=Cr(e[1],i),c=e[0].charAt(0)===`!`,l=r.state.inLink,u=r.state.linkEmitted,d=r.state.inRawBlock;r.state.inLink=!0,r.state.linkEmitted=!1;let f=r.inlineTokens(s),p=r.state.linkEmitted;if(r.state.linkEmitted=u,r.state.inLink=l,!c){if(p){r.state.inRawBlock=d;return}r.state.linkEmitted=!0}return{type:c?`image`:`link`,raw:n,href:a,title:o,text:s,tokens:f}}function Tr(e,t,n){let r=e.match(n.other.indentCodeCompensation);if(r===null)return t;let i=r[1];return t.split(`
`).map(e=>{let t=e.match(n.other.beginningSpace);if(t===null)return e;let[r]=t;return e.slice(Math.min(r.length,i.length))}).join(`
`)}function Er(e,t,n,r){if(!t.includes(`<`))return!1;for(let i=0;i<t.length;i++){if(t[i]===`\\`){i++;continue}if(t[i]==="`"){let e=r.inline.code.exec(t.slice(i));if(e){i+=e[0].length-1;continue}}if(t[i]!==`<`)continue;let a=e.slice(n+i),o=r.inline.tag.exec(a)||r.inline.autolink.exec(a);if(o){if(o[0].length>t.length-i)return!0;i+=o[0].length-1}}return!1}var W=class{options;rules;lexer;constructor(e){this.options=e||I}space(e){let t=this.rules.block.newline.exec(e);if(t&&t[0].length>0)return{type:`space`,raw:t[0]}}code(e){let t=this.rules.block.code.exec(e);if(t){let e=this.options.pedantic?t[0]:pr(t[0]);return{type:`code`,raw:e,codeBlockStyle:`indented`,text:e.replace(this.rules.other.codeRemoveIndent,``)}}}fences(e){let t=this.rules.block.fences.exec(e);if(t){let e=t[0],n=Tr(e,t[3]||``,this.rules);return t[3]!==void 0&&(n===``||n.endsWith(`
`))&&(n+=`
`),{type:`code`,raw:e,lang:t[2]?t[2].trim().replace(this.rules.inline.anyPunctuation,`$1`):t[2],text:n}}}heading(e){let t=this.rules.block.heading.exec(e);if(t){let e=t[2].trim();if(this.rules.other.endingHash.test(e)){let t=U(e,`#`);(this.options.pedantic||!t||this.rules.other.endingSpaceTabChar.test(t))&&(e=t.trim())}return{type:`heading`,raw:U(t[0],`
`),depth:t[1].length,text:e,tokens:this.lexer.inline(e)}}}hr(e){let t=this.rules.block.hr.exec(e);if(t)return{type:`hr`,raw:U(t[0],`
`)}}blockquote(e){let t=this.rules.block.blockquote.exec(e);if(t){let e=U(t[0],`
`).split(`
`),n=``,r=``,i=[];for(;e.length>0;){let t=!1,a=[],o=0;for(;o<e.length;o++)if(this.rules.other.blockquoteStart.test(e[o]))a.push(e[o]),t=!0;else if(!t)a.push(e[o]);else break;e=e.slice(o);let s=a.join(`
`),c=s.replace(this.rules.other.blockquoteMarkerWhitespace,(e,t,n)=>n.startsWith(` `)?t+` `+n.slice(1):t+Sr(n,t.length)).replace(this.rules.other.blockquoteSetextReplace,`
    $1`).replace(this.rules.other.blockquoteSetextReplace2,``);n=n?`${n}
${s}`:s,r=r?`${r}
${c}`:c;let l=this.lexer.state.top;if(this.lexer.state.top=!0,this.lexer.blockTokens(c,i,!0),this.lexer.state.top=l,e.length===0)break;let u=i.at(-1);if(u?.type===`code`||u?.type===`heading`||u?.type===`hr`||u?.type===`html`||u?.type===`table`)break;if(u?.type===`blockquote`){let t=u,a=e.join(`
`),o=t.raw+`
`+a.replace(this.rules.other.blockquoteSetextReplace2,``),s=this.blockquote(o);i[i.length-1]=s;let c=o.substring(s.raw.length).replace(/^\n/,``),l=c?c.split(`
`).length:0,d=l?e.slice(0,-l):e;if(d.length>0&&(n=`${n}
${d.join(`
`)}`),r=r.substring(0,r.length-t.text.length)+s.text,e=e.slice(d.length),e.length>0&&this.rules.other.blockquoteStart.test(e[0]))continue;break}if(u?.type===`list`){let t=u,a=t.raw+`
`+e.join(`
`),o=this.list(a);i[i.length-1]=o;let s=o.raw.length>t.raw.length?a.slice(t.raw.length+1,o.raw.length).split(`
`).length:0;if(s>0){let t=e.slice(0,s).join(`
`);n=`${n}
${t}`,r=`${r}
${t}`}if(e=e.slice(s),e.length>0&&!this.rules.other.blockquoteStart.test(e[0]))break}}return{type:`blockquote`,raw:n,tokens:i,text:r}}}list(e){let t=this.rules.block.list.exec(e);if(t){if(!this.options.pedantic&&this.lexer.state.lastToken?.type===`text`&&!this.rules.other.listInterruptsParagraph.test(e))return;let n=e,r=()=>n.length-e.length,i=t[1].trim(),a=i.length>1,o={type:`list`,raw:``,ordered:a,start:a?+i.slice(0,-1):``,loose:!1,items:[]};i=a?`\\d{1,9}\\${i.slice(-1)}`:`\\${i}`,this.options.pedantic&&(i=a?i:`[*+-]`);let s=this.rules.other.listItemRegex(i),c=!1;for(;e;){let i=!1,a=``;if(!(t=s.exec(e))||this.rules.block.hr.test(e))break;let l=r();e=e.substring(t[0].length);let u=t[2].split(`
`,1)[0],d=t[1].length,f=this.options.pedantic?Sr(u,d):u.replace(this.rules.other.leadingSpaceTab,e=>Sr(e,d)),p=e.split(`
`,1)[0],m=!f.trim(),h=0;if(this.options.pedantic?(h=2,a=f.trimStart()):m?h=d+1:(h=f.search(this.rules.other.nonSpaceChar),h=h>4?1:h,a=f.slice(h),h+=d),m&&this.rules.other.blankLine.test(p)&&(e=e.substring(p.length+1),i=!0),!i){let t=this.rules.other.nextBulletRegex(h),n=this.rules.other.hrRegex(h),r=this.rules.other.fencesBeginRegex(h),i=this.options.pedantic?this.rules.other.pedanticHeadingBeginRegex(h):this.rules.other.headingBeginRegex(h),o=this.rules.other.htmlBeginRegex(h),s=this.rules.other.blockquoteBeginRegex(h),c=!1;for(;e;){let l=e.split(`
`,1)[0],u;if(p=l,this.options.pedantic?(p=p.replace(this.rules.other.listReplaceNesting,`  `),u=p):u=p.replace(this.rules.other.leadingSpaceTab,e=>Sr(e)),r.test(p)||i.test(p)||o.test(p)||s.test(p)||t.test(p)||n.test(p))break;if(u.search(this.rules.other.nonSpaceChar)>=h||!p.trim())a+=`
`+u.slice(h),c=!1;else{if(m)break;let e=f;if(!this.options.pedantic&&!a.includes(`
`)&&!f.includes(`	`)){let t;for(;!n.test(e)&&(t=this.rules.other.nestedBlockMarker.exec(e));)e=e.slice(t[0].length);if(!e.trim())break}if(e.replace(this.rules.other.tabCharGlobal,`    `).search(this.rules.other.nonSpaceChar)>=4||r.test(e)||i.test(e)||o.test(e)||n.test(e))break;if(!this.options.pedantic&&!c){let e=f.replace(this.rules.other.nestedContainerMarkers,``);if(this.rules.block.fences.test(e)||this.rules.block.heading.test(e)||this.rules.block.hr.test(e))break}let t=!this.options.pedantic&&/^ {0,3}(?:=+|-+) *$/.test(p)&&this.rules.block.lheading.test(`${f}
${p}`)?`    ${u.replace(/^ {0,3}/,``)}`:p;a+=`
`+t,c=!0}m=!p.trim(),e=e.substring(l.length+1),f=u.slice(h)}}let ee=n.slice(l,r());o.loose||(c?o.loose=!0:this.rules.other.doubleBlankLine.test(ee)&&(c=!0)),o.items.push({type:`list_item`,raw:ee,task:!!this.options.gfm&&this.rules.other.listIsTask.test(a),loose:!1,text:a,tokens:[]})}let l=o.items.at(-1);if(l)l.raw=l.raw.trimEnd(),l.text=l.text.trimEnd();else return;o.raw=n.slice(0,r()).trimEnd();let u=[];for(let e of o.items)if(this.lexer.state.top=!1,u.push(this.lexer.inlineQueue.length),e.tokens=this.lexer.blockTokens(e.text,[]),!o.loose){let t=e.tokens.filter(e=>e.type===`space`);o.loose=t.length>0&&t.some(e=>this.rules.other.anyLine.test(e.raw))}for(let e=0;e<o.items.length;e++){let t=o.items[e],n=t.tokens[0];if(t.task&&(n?.type===`text`||n?.type===`paragraph`)){t.text=t.text.replace(this.rules.other.listReplaceTask,``),n.raw=n.raw.replace(this.rules.other.listReplaceTask,``),n.text=n.text.replace(this.rules.other.listReplaceTask,``);let r=this.lexer.inlineQueue;for(let t=u[e];t<r.length;t++)if(r[t].tokens===n.tokens){r[t].src=r[t].src.replace(this.rules.other.listReplaceTask,``);break}let i=this.rules.other.listTaskCheckbox.exec(t.raw);if(i){let e={type:`checkbox`,raw:i[0]+` `,checked:i[0]!==`[ ]`};t.checked=e.checked,o.loose?t.tokens[0]&&[`paragraph`,`text`].includes(t.tokens[0].type)&&`tokens`in t.tokens[0]&&t.tokens[0].tokens?(t.tokens[0].raw=e.raw+t.tokens[0].raw,t.tokens[0].text=e.raw+t.tokens[0].text,t.tokens[0].tokens.unshift(e)):t.tokens.unshift({type:`paragraph`,raw:e.raw,text:e.raw,tokens:[e]}):t.tokens.unshift(e)}}else t.task&&=!1}if(o.loose)for(let e of o.items){e.loose=!0;for(let t of e.tokens)t.type===`text`&&(t.type=`paragraph`)}return o}}html(e){let t=this.rules.block.html.exec(e);if(t){if(this.lexer.state.lastToken?.type===`paragraph`&&!this.rules.other.htmlBeginRegex(4).test(e))return;let n=pr(t[0]);return{type:`html`,block:!0,raw:n,pre:t[1]===`pre`||t[1]===`script`||t[1]===`style`,text:n}}}def(e){let t=this.rules.block.def.exec(e);if(t){if(!this.rules.other.startAngleBracket.test(t[2])&&hr(t[2],`()`)!==-1)return;let e=mr(t[1]),n=t[2]?t[2].replace(this.rules.other.hrefBrackets,`$1`).replace(this.rules.inline.anyPunctuation,`$1`):``,r=t[3]?t[3].substring(1,t[3].length-1).replace(this.rules.inline.anyPunctuation,`$1`):t[3];return{type:`def`,tag:e,raw:U(t[0],`
`),href:n,title:r}}}table(e){let t=this.rules.block.table.exec(e);if(!t||!this.rules.other.tableDelimiter.test(t[2]))return;let n=fr(t[1]),r=t[2].replace(this.rules.other.tableAlignChars,``).split(`|`),i=t[3]?.trim()?t[3].replace(this.rules.other.tableRowBlankLine,``).split(`
`):[],a={type:`table`,raw:U(t[0],`
`),header:[],align:[],rows:[]};if(n.length===r.length){for(let e of r)this.rules.other.tableAlignRight.test(e)?a.align.push(`right`):this.rules.other.tableAlignCenter.test(e)?a.align.push(`center`):this.rules.other.tableAlignLeft.test(e)?a.align.push(`left`):a.align.push(null);for(let e=0;e<n.length;e++)a.header.push({text:n[e],tokens:this.lexer.inline(n[e]),header:!0,align:a.align[e]});for(let e of i)a.rows.push(fr(e,a.header.length).map((e,t)=>({text:e,tokens:this.lexer.inline(e),header:!1,align:a.align[t]})));return a}}lheading(e){let t=this.rules.block.lheading.exec(e);if(t){let e=t[1].trim();return{type:`heading`,raw:U(t[0],`
`),depth:t[2].charAt(0)===`=`?1:2,text:e,tokens:this.lexer.inline(e)}}}paragraph(e){let t=this.rules.block.paragraph.exec(e);if(t){let e=t[1].charAt(t[1].length-1)===`
`?t[1].slice(0,-1):t[1];return{type:`paragraph`,raw:t[0],text:e,tokens:this.lexer.inline(e)}}}text(e){let t=this.rules.block.text.exec(e);if(t)return{type:`text`,raw:t[0],text:t[0],tokens:this.lexer.inline(t[0])}}escape(e){if(e.charCodeAt(0)!==92)return;let t=this.rules.inline.escape.exec(e);if(t)return{type:`escape`,raw:t[0],text:t[1]}}tag(e){if(e.charCodeAt(0)!==60)return;let t=this.rules.inline.tag.exec(e);if(t)return!this.lexer.state.inLink&&this.rules.other.startATag.test(t[0])?this.lexer.state.inLink=!0:this.lexer.state.inLink&&this.rules.other.endATag.test(t[0])&&(this.lexer.state.inLink=!1),!this.lexer.state.inRawBlock&&this.rules.other.startPreScriptTag.test(t[0])?this.lexer.state.inRawBlock=!0:this.lexer.state.inRawBlock&&this.rules.other.endPreScriptTag.test(t[0])&&(this.lexer.state.inRawBlock=!1),{type:`html`,raw:t[0],inLink:this.lexer.state.inLink,inRawBlock:this.lexer.state.inRawBlock,block:!1,text:t[0]}}link(e){if(this.lexer.state.linkParenPossible===!1)return;let t=e.charCodeAt(0);if(t!==91&&t!==33)return;let n=this.rules.inline.link.exec(e);if(n){let t=n[0].charAt(0)===`!`?2:1;if(!this.options.pedantic&&Er(e,n[1],t,this.rules))return;let r=n[2].trim();if(!this.options.pedantic&&this.rules.other.startAngleBracket.test(r)){if(!this.rules.other.endAngleBracket.test(r))return;let e=U(r.slice(0,-1),`\\`);if((r.length-e.length)%2==0)return}else{let e=hr(n[2],`()`);if(e===-2)return;if(e>-1){let t=(n[0].indexOf(`!`)===0?5:4)+n[1].length+e;n[2]=n[2].substring(0,e),n[0]=n[0].substring(0,t).trim(),n[3]=``}}let i=U(n[0].slice(0,-1),`\\`);if((n[0].length-i.length)%2==0)return;let a=n[2],o=``;if(this.options.pedantic){let e=this.rules.other.pedanticHrefTitle.exec(a);e&&(a=e[1],o=e[3])}else o=n[3]?n[3].slice(1,-1):``;return a=a.trim(),this.rules.other.startAngleBracket.test(a)&&(a=this.options.pedantic&&!this.rules.other.endAngleBracket.test(r)?a.slice(1):a.slice(1,-1)),wr(n,{href:a&&a.replace(this.rules.inline.anyPunctuation,`$1`),title:o&&o.replace(this.rules.inline.anyPunctuation,`$1`)},n[0],this.lexer,this.rules)}}reflink(e,t){let n=e.charCodeAt(0);if(n!==91&&n!==33)return;let r;if((r=this.rules.inline.reflink.exec(e))||(r=this.rules.inline.nolink.exec(e))){let n=r[0].charAt(0)===`!`?2:1;if(!this.options.pedantic&&Er(e,r[1],n,this.rules))return;let i=t[mr(r[2]||r[1])];if(!i){let e=r[0].charAt(0);return{type:`text`,raw:e,text:e}}return wr(r,i,r[0],this.lexer,this.rules)}}emStrong(e,t,n=``){let r=this.rules.inline.emStrongLDelim.exec(e);if(!r||!r[1]&&!r[2]&&!r[3]&&!r[4])return;let i=r[0][0],a=n===i,o=t.length-e.length,s=o;for(;!this.options.pedantic&&s>0&&t[s-1]===i;)s--;let c=[...t.slice(Math.max(0,s-2),s)].at(-1)??``,l=c===`*`||c===`_`||!!this.rules.inline.punctuation.exec(c);s<o&&(n=c);let u=s<o?l:n===`*`||n===`_`||!!this.rules.inline.punctuation.exec(n);if(r[4]&&n.match(this.rules.other.unicodeAlphaNumeric))return;let d=r[1]||r[3]||``;if(!d||!n||u){let n=[...r[0]].length-1,u,f,p=n,m=0,h=o-s+n,ee=!this.options.pedantic&&!!c.trim()&&(!!d||i===`*`&&!l);if(i!==`*`&&i!==`_`)return;let te=i===`*`?this.rules.inline.emStrongRDelimAst:this.rules.inline.emStrongRDelimUnd,ne=br(this,t,i),g=t.length-e.length+n;if(ne<g)return;t=t.slice(-1*e.length+n);let re=ne-g;for(te.lastIndex=0;(r=te.exec(t))!==null&&!(r.index>re);){if(u=r[1]||r[2]||r[3]||r[4]||r[5]||r[6],!u)continue;if(f=[...u].length,r[3]||r[4]){p+=f;continue}if((r[5]||r[6]||ee)&&h%3&&!((h+f)%3)){if(a&&(r[5]||r[6]))break;m+=f;continue}if(p-=f,p>0)continue;f=Math.min(f,f+p+m);let t=[...r[0]][0].length,i=e.slice(0,n+r.index+t+f);if(Math.min(n,f)%2){let e=i.slice(1,-1);return{type:`em`,raw:i,text:e,tokens:this.lexer.inlineTokens(e)}}let o=i.slice(2,-2);return{type:`strong`,raw:i,text:o,tokens:this.lexer.inlineTokens(o)}}}}codespan(e){if(e.charCodeAt(0)!==96)return;let t=this.rules.inline.code.exec(e);if(t){let e=t[2].replace(this.rules.other.newLineCharGlobal,` `),n=this.rules.other.nonSpaceChar.test(e),r=this.rules.other.startingSpaceChar.test(e)&&this.rules.other.endingSpaceChar.test(e);return n&&r&&(e=e.substring(1,e.length-1)),{type:`codespan`,raw:t[0],text:e}}}br(e){let t=e.charCodeAt(0);if(t!==32&&t!==92&&t!==10)return;let n=this.rules.inline.br.exec(e);if(n)return{type:`br`,raw:n[0]}}del(e,t,n=``){if(e.charCodeAt(0)!==126)return;let r=this.rules.inline.delLDelim.exec(e);if(r&&(!r[1]||!n||this.rules.inline.punctuation.exec(n))){let n=[...r[0]].length-1,i,a,o=n,s=this.rules.inline.delRDelim,c=xr(this,t),l=t.length-e.length+n;if(c<l)return;t=t.slice(-1*e.length+n);let u=c-l;for(s.lastIndex=0;(r=s.exec(t))!==null&&!(r.index>u);){if(i=r[1]||r[2]||r[3]||r[4]||r[5]||r[6],!i||(a=[...i].length,a!==n))continue;if(r[3]||r[4]){o+=a;continue}if(o-=a,o>0)continue;a=Math.min(a,a+o);let t=[...r[0]][0].length,s=e.slice(0,n+r.index+t+a),c=s.slice(n,-n);return{type:`del`,raw:s,text:c,tokens:this.lexer.inlineTokens(c)}}}}autolink(e){if(e.charCodeAt(0)!==60)return;let t=this.rules.inline.autolink.exec(e);if(t){let e,n;return t[2]===`@`?(e=t[1],n=`mailto:`+e):(e=t[1],n=e),{type:`link`,raw:t[0],text:e,href:n,autolink:!0,tokens:[{type:`text`,raw:e,text:e}]}}}url(e){let t;if(t=this.rules.inline.url.exec(e)){let e,n;if(t[2]===`@`)e=t[0],n=`mailto:`+e;else{let r;do r=t[0],t[0]=this.rules.inline._backpedal.exec(t[0])?.[0]??``;while(r!==t[0]);e=t[0],n=t[1]===`www.`?`http://`+t[0]:t[0]}return{type:`link`,raw:t[0],text:e,href:n,autolink:!0,tokens:[{type:`text`,raw:e,text:e}]}}}inlineText(e){let t=this.rules.inline.text.exec(e);if(t){let e=this.lexer.state.inRawBlock;return{type:`text`,raw:t[0],text:e?t[0]:ur(t[0]),escaped:e}}}},G=class e{tokens;options;state;inlineQueue;tokenizer;constructor(e){this.tokens=[],this.tokens.links=Object.create(null),this.options=e||I,this.options.tokenizer=this.options.tokenizer||new W,this.tokenizer=this.options.tokenizer,this.tokenizer.options=this.options,this.tokenizer.lexer=this,this.inlineQueue=[],this.state={inLink:!1,inRawBlock:!1,linkEmitted:!1,linkParenPossible:!0,top:!0};let t={other:B,block:or.normal,inline:sr.normal};this.options.pedantic?(t.block=or.pedantic,t.inline=sr.pedantic):this.options.gfm&&(t.block=or.gfm,t.inline=this.options.breaks?sr.breaks:sr.gfm),this.tokenizer.rules=t}static get rules(){return{block:or,inline:sr}}static lex(t,n){return new e(n).lex(t)}static lexInline(t,n){return new e(n).inlineTokens(t)}lex(e){e=e.replace(B.carriageReturn,`
`),this.blockTokens(e,this.tokens);for(let e=0;e<this.inlineQueue.length;e++){let t=this.inlineQueue[e];this.state.inRawBlock=!1,this.inlineTokens(t.src,t.tokens)}return this.inlineQueue=[],this.tokens}blockTokens(e,t=[],n=!1){this.tokenizer.lexer=this;let r=this.state.lastToken;this.options.pedantic&&(e=e.replace(B.tabCharGlobal,`    `).replace(B.spaceLine,``));let i=1/0,a,o=this.options.gfm&&!this.options.pedantic&&this.tokenizer.paragraph===W.prototype.paragraph;for(;e;){if(e.length<i)i=e.length;else{this.infiniteLoopError(e.charCodeAt(0));break}this.state.lastToken=t.at(-1);let r;if(this.options.extensions?.block?.some(n=>(r=n.call({lexer:this},e,t))?(e=e.substring(r.raw.length),t.push(r),!0):!1))continue;if(r=this.tokenizer.space(e)){e=e.substring(r.raw.length);let n=t.at(-1);r.raw.length===1&&n!==void 0?n.raw+=`
`:t.push(r);continue}if(r=this.tokenizer.code(e)){e=e.substring(r.raw.length);let n=t.at(-1);n?.type===`paragraph`||n?.type===`text`?(n.raw+=(n.raw.endsWith(`
`)?``:`
`)+r.raw,n.text+=`
`+r.text,this.inlineQueue.at(-1).src=n.text):t.push(r);continue}if((r=this.tokenizer.fences(e))||(r=this.tokenizer.heading(e))||(r=this.tokenizer.hr(e))||(r=this.tokenizer.blockquote(e))||(r=this.tokenizer.list(e))||(r=this.tokenizer.html(e))){e=e.substring(r.raw.length),t.push(r);continue}if(r=this.tokenizer.def(e)){e=e.substring(r.raw.length);let n=t.at(-1);n?.type===`paragraph`||n?.type===`text`?(n.raw+=(n.raw.endsWith(`
`)?``:`
`)+r.raw,n.text+=`
`+r.raw,this.inlineQueue.at(-1).src=n.text):(this.tokens.links[r.tag]||(this.tokens.links[r.tag]={href:r.href,title:r.title}),t.push(r));continue}if((r=this.tokenizer.table(e))||(r=this.tokenizer.lheading(e))){e=e.substring(r.raw.length),t.push(r);continue}let s=e;if(this.options.extensions?.startBlock){let t=1/0,n=e.slice(1),r;this.options.extensions.startBlock.forEach(e=>{r=e.call({lexer:this},n),typeof r==`number`&&r>=0&&(t=Math.min(t,r))}),t<1/0&&t>=0&&(s=e.substring(0,t+1))}if(this.state.top&&(r=this.tokenizer.paragraph(s))){let i=t.at(-1);(n||i===a&&o)&&i?.type===`paragraph`?(i.raw+=(i.raw.endsWith(`
`)?``:`
`)+r.raw,i.text+=`
`+r.text,this.inlineQueue.pop(),this.inlineQueue.at(-1).src=i.text,a=i):(t.push(r),a=r),n=s.length!==e.length,e=e.substring(r.raw.length)}else if(r=this.tokenizer.text(e)){e=e.substring(r.raw.length);let n=t.at(-1);n?.type===`text`?(n.raw+=(n.raw.endsWith(`
`)?``:`
`)+r.raw,n.text+=`
`+r.text,this.inlineQueue.pop(),this.inlineQueue.at(-1).src=n.text):t.push(r)}else if(e){this.infiniteLoopError(e.charCodeAt(0));break}}return this.state.top=!0,this.state.lastToken=r,t}inline(e,t=[]){return this.inlineQueue.push({src:e,tokens:t}),t}linkInText(e){if(!e.includes(`[`))return!1;let t=this.tokenizer.rules.inline.link;for(let n of e.matchAll(this.tokenizer.rules.inline.blockSkip))if(t.test(n[0])&&e.charAt(n.index-1)!==`!`)return!0;for(let t of e.matchAll(this.tokenizer.rules.inline.reflinkSearch)){let e=t[0],n=e.lastIndexOf(`[`);if(e.charAt(0)!==`!`&&Object.hasOwn(this.tokens.links,mr(e.slice(n+1,-1)))&&!(n>1&&this.linkInText(e.slice(1,n-1))))return!0}return!1}inlineTokens(e,t=[]){this.tokenizer.lexer=this;let n=this.state.linkParenPossible;this.state.linkParenPossible=e.includes(`)`);try{return this.#e(e,t)}finally{this.state.linkParenPossible=n}}#e(e,t){let n=e.includes(`*`)||e.includes(`_`)||e.includes(`~`),r=n||this.options.hooks?.emStrongMask||this.tokenizer.emStrong!==W.prototype.emStrong||this.tokenizer.del!==W.prototype.del?this.#r(e):e;if(!n)return this.#t(e,r,t);vr(this.tokenizer,r);try{return this.#t(e,r,t)}finally{yr(this.tokenizer)}}#t(e,t,n){let r=!1,i=``,a=1/0;for(;e;){if(e.length<a)a=e.length;else{this.infiniteLoopError(e.charCodeAt(0));break}r||(i=``),r=!1;let o;if(this.options.extensions?.inline?.some(t=>(o=t.call({lexer:this},e,n))?(e=e.substring(o.raw.length),n.push(o),!0):!1))continue;if((o=this.tokenizer.escape(e))||(o=this.tokenizer.tag(e))||(o=this.tokenizer.link(e))){e=e.substring(o.raw.length),n.push(o);continue}if(o=this.tokenizer.reflink(e,this.tokens.links)){e=e.substring(o.raw.length);let t=n.at(-1);o.type===`text`&&t?.type===`text`?(t.raw+=o.raw,t.text+=o.text):n.push(o);continue}let s=e[0];if(s===`*`||s===`_`){let a=t.length-e.length;if(br(this.tokenizer,t,s)<=a){let t=1;for(;t<e.length&&e.charCodeAt(t)===s.charCodeAt(0);)t++;let a=e.substring(0,t),o=n.at(-1);o?.type===`text`&&!o.escaped?(o.raw+=a,o.text+=a):n.push({type:`text`,raw:a,text:a,escaped:!1}),e=e.substring(t),i=s,r=!0;continue}}else if(s===`~`){let a=t.length-e.length;if(xr(this.tokenizer,t)<=a){let t=1;for(;t<e.length&&e.charCodeAt(t)===126;)t++;let a=e.substring(0,t),o=n.at(-1);o?.type===`text`&&!o.escaped?(o.raw+=a,o.text+=a):n.push({type:`text`,raw:a,text:a,escaped:!1}),e=e.substring(t),i=s,r=!0;continue}}if((o=this.tokenizer.emStrong(e,t,i))||(o=this.tokenizer.codespan(e))||(o=this.tokenizer.br(e))||(o=this.tokenizer.del(e,t,i))||(o=this.tokenizer.autolink(e))||!this.state.inLink&&(o=this.tokenizer.url(e))){e=e.substring(o.raw.length),n.push(o);continue}let c=e;if(this.options.extensions?.startInline){let t=1/0,n=e.slice(1),r;this.options.extensions.startInline.forEach(e=>{r=e.call({lexer:this},n),typeof r==`number`&&r>=0&&(t=Math.min(t,r))}),t<1/0&&t>=0&&(c=e.substring(0,t+1))}if(o=this.tokenizer.inlineText(c)){e=e.substring(o.raw.length),o.raw.slice(-1)!==`_`&&(i=o.raw.slice(-1)),r=!0;let t=n.at(-1);t?.type===`text`?(t.raw+=o.raw,t.text+=o.text):n.push(o)}else if(e){this.infiniteLoopError(e.charCodeAt(0));break}}return n}#n(e){let{blockSkip:t,tag:n,autolink:r}=this.tokenizer.rules.inline,i=``,a=0,o;for(t.lastIndex=0;o=t.exec(e);){let s=o.index+(o[2]?o[2].length:0),c=o.index+o[0].length;if(e.charAt(s)===`<`){let i=e.slice(s),a=n.exec(i)||r.exec(i);if(!a){t.lastIndex=s+1;continue}c=s+a[0].length,t.lastIndex=c}i+=e.slice(a,s)+`[`+`a`.repeat(c-s-2)+`]`,a=c}return i+e.slice(a)}#r(e){let t=e;if(this.tokens.links&&e.includes(`[`)){let e=this.tokenizer.rules.inline.reflinkSearch,n=t=>{let r=t.lastIndexOf(`[`);if(!Object.hasOwn(this.tokens.links,mr(t.slice(r+1,-1))))return t;if(r>1&&t.charAt(0)!==`!`){let i=t.slice(1,r-1);if(this.linkInText(i))return`[`+i.replace(e,n)+`][`+`a`.repeat(t.length-r-2)+`]`}return`[`+`a`.repeat(t.length-2)+`]`};t=t.replace(e,n)}return t=t.replace(this.tokenizer.rules.inline.anyPunctuationOutsideCode,(e,t,n)=>n?`+`.repeat(e.length):t?t+e.slice(t.length,-t.length).replace(/`/g,`+`)+t:e),t=this.#n(t),t=this.options.hooks?.emStrongMask?.call({lexer:this},t)??t,t}infiniteLoopError(e){let t=`Infinite loop on byte: `+e;if(this.options.silent)console.error(t);else throw Error(t)}},Dr=class{options;parser;constructor(e){this.options=e||I}space(e){return``}code({text:e,lang:t,escaped:n}){let r=(t||``).match(B.notSpaceStart)?.[0],i=e?e.replace(B.endingNewline,``)+`
`:``;return r?`<pre><code class="language-`+H(r)+`">`+(n?i:H(i,!0))+`</code></pre>
`:`<pre><code>`+(n?i:H(i,!0))+`</code></pre>
`}blockquote({tokens:e}){return`<blockquote>
${this.parser.parse(e)}</blockquote>
`}html({text:e}){return e}def(e){return``}heading({tokens:e,depth:t}){return`<h${t}>${this.parser.parseInline(e)}</h${t}>
`}hr(e){return`<hr>
`}list(e){let t=e.ordered,n=e.start,r=``;for(let t=0;t<e.items.length;t++){let n=e.items[t];r+=this.listitem(n)}let i=t?`ol`:`ul`,a=t&&n!==1?` start="`+n+`"`:``;return`<`+i+a+`>
`+r+`</`+i+`>
`}listitem(e){return`<li>${this.parser.parse(e.tokens)}</li>
`}checkbox({checked:e}){return`<input `+(e?`checked="" `:``)+`disabled="" type="checkbox"> `}paragraph({tokens:e}){return`<p>${this.parser.parseInline(e)}</p>
`}table(e){let t=``,n=``;for(let t=0;t<e.header.length;t++)n+=this.tablecell(e.header[t]);t+=this.tablerow({text:n});let r=``;for(let t=0;t<e.rows.length;t++){let i=e.rows[t];n=``;for(let e=0;e<i.length;e++)n+=this.tablecell(i[e]);r+=this.tablerow({text:n})}return r&&=`<tbody>${r}</tbody>`,`<table>
<thead>
`+t+`</thead>
`+r+`</table>
`}tablerow({text:e}){return`<tr>
${e}</tr>
`}tablecell(e){let t=this.parser.parseInline(e.tokens),n=e.header?`th`:`td`;return(e.align?`<${n} align="${e.align}">`:`<${n}>`)+t+`</${n}>
`}strong({tokens:e}){return`<strong>${this.parser.parseInline(e)}</strong>`}em({tokens:e}){return`<em>${this.parser.parseInline(e)}</em>`}codespan({text:e}){return`<code>${H(e,!0)}</code>`}br(e){return`<br>`}del({tokens:e}){return`<del>${this.parser.parseInline(e)}</del>`}link({href:e,title:t,text:n,tokens:r,autolink:i}){let a=i?H(n,!0):this.parser.parseInline(r),o=dr(e);if(o===null)return a;e=H(o,i);let s=`<a href="`+e+`"`;return t&&(s+=` title="`+H(t)+`"`),s+=`>`+a+`</a>`,s}image({href:e,title:t,text:n,tokens:r}){r&&(n=this.parser.parseInline(r,this.parser.textRenderer));let i=dr(e);if(i===null)return H(n);e=i;let a=`<img src="${H(e)}" alt="${H(n)}"`;return t&&(a+=` title="${H(t)}"`),a+=`>`,a}text(e){return`tokens`in e&&e.tokens?this.parser.parseInline(e.tokens):`escaped`in e&&e.escaped?e.text:H(e.text)}},Or=class{parser;strong({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}em({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}codespan({text:e}){return e}del({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}html({text:e}){return e}text({text:e}){return e}link({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}image({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}br(){return`
`}checkbox({raw:e}){return e}},K=class e{options;renderer;textRenderer;constructor(e){this.options=e||I,this.options.renderer=this.options.renderer||new Dr,this.renderer=this.options.renderer,this.renderer.options=this.options,this.renderer.parser=this,this.textRenderer=new Or,this.textRenderer.parser=this}static parse(t,n){return new e(n).parse(t)}static parseInline(t,n){return new e(n).parseInline(t)}parse(e){this.renderer.parser=this;let t=``;for(let n=0;n<e.length;n++){let r=e[n];if(this.options.extensions?.renderers?.[r.type]){let e=r,n=this.options.extensions.renderers[e.type].call({parser:this},e);if(n!==!1||![`space`,`hr`,`heading`,`code`,`table`,`blockquote`,`list`,`checkbox`,`html`,`def`,`paragraph`,`text`].includes(e.type)){t+=n===!1?``:n??``;continue}}let i=r;switch(i.type){case`space`:t+=this.renderer.space(i);break;case`hr`:t+=this.renderer.hr(i);break;case`heading`:t+=this.renderer.heading(i);break;case`code`:t+=this.renderer.code(i);break;case`table`:t+=this.renderer.table(i);break;case`blockquote`:t+=this.renderer.blockquote(i);break;case`list`:t+=this.renderer.list(i);break;case`checkbox`:t+=this.renderer.checkbox(i);break;case`html`:t+=this.renderer.html(i);break;case`def`:t+=this.renderer.def(i);break;case`paragraph`:t+=this.renderer.paragraph(i);break;case`text`:t+=this.renderer.text(i);break;default:{let e=`Token with "`+i.type+`" type was not found.`;if(this.options.silent)return console.error(e),``;throw Error(e)}}}return t}parseInline(e,t=this.renderer){this.renderer.parser=this;let n=``;for(let r=0;r<e.length;r++){let i=e[r];if(this.options.extensions?.renderers?.[i.type]){let e=this.options.extensions.renderers[i.type].call({parser:this},i);if(e!==!1||![`escape`,`html`,`link`,`image`,`checkbox`,`strong`,`em`,`codespan`,`br`,`del`,`text`].includes(i.type)){n+=e===!1?``:e??``;continue}}let a=i;switch(a.type){case`escape`:n+=t.text(a);break;case`html`:n+=t.html(a);break;case`link`:n+=t.link(a);break;case`image`:n+=t.image(a);break;case`checkbox`:n+=t.checkbox(a);break;case`strong`:n+=t.strong(a);break;case`em`:n+=t.em(a);break;case`codespan`:n+=t.codespan(a);break;case`br`:n+=t.br(a);break;case`del`:n+=t.del(a);break;case`text`:n+=t.text(a);break;default:{let e=`Token with "`+a.type+`" type was not found.`;if(this.options.silent)return console.error(e),``;throw Error(e)}}}return n}},kr=class{options;block;constructor(e){this.options=e||I}static passThroughHooks=new Set([`preprocess`,`postprocess`,`processAllTokens`,`emStrongMask`]);static passThroughHooksRespectAsync=new Set([`preprocess`,`postprocess`,`processAllTokens`]);preprocess(e){return e}postprocess(e){return e}processAllTokens(e){return e}emStrongMask(e){return e}provideLexer(e=this.block){return e?G.lex:G.lexInline}provideParser(e=this.block){return e?K.parse:K.parseInline}};function q(e,t){if(Array.isArray(t))for(let n=0;n<t.length;n++)e.push(t[n]);else e.push(t)}var J=new class{defaults=Ht();options=this.setOptions;parse=this.parseMarkdown(!0);parseInline=this.parseMarkdown(!1);Parser=K;Renderer=Dr;TextRenderer=Or;Lexer=G;Tokenizer=W;Hooks=kr;constructor(...e){this.use(...e)}walkTokens(e,t){let n=[];for(let r of e)switch(q(n,t.call(this,r)),r.type){case`table`:{let e=r;for(let r of e.header)q(n,this.walkTokens(r.tokens,t));for(let r of e.rows)for(let e of r)q(n,this.walkTokens(e.tokens,t));break}case`list`:{let e=r;q(n,this.walkTokens(e.items,t));break}default:{let e=r;this.defaults.extensions?.childTokens?.[e.type]?this.defaults.extensions.childTokens[e.type].forEach(r=>{let i=e[r].flat(1/0);q(n,this.walkTokens(i,t))}):e.tokens&&q(n,this.walkTokens(e.tokens,t))}}return n}use(...e){let t=this.defaults.extensions||{renderers:Object.create(null),childTokens:Object.create(null)};return e.forEach(e=>{let n={...e};if(n.async=this.defaults.async||n.async||!1,e.extensions&&(e.extensions.forEach(e=>{if(!e.name)throw Error(`extension name required`);if(`renderer`in e){let n=t.renderers[e.name];n?t.renderers[e.name]=function(...t){let r=e.renderer.apply(this,t);return r===!1&&(r=n.apply(this,t)),r}:t.renderers[e.name]=e.renderer}if(`tokenizer`in e){if(!e.level||e.level!==`block`&&e.level!==`inline`)throw Error(`extension level must be 'block' or 'inline'`);let n=t[e.level];n?n.unshift(e.tokenizer):t[e.level]=[e.tokenizer],e.start&&(e.level===`block`?t.startBlock?t.startBlock.push(e.start):t.startBlock=[e.start]:e.level===`inline`&&(t.startInline?t.startInline.push(e.start):t.startInline=[e.start]))}`childTokens`in e&&e.childTokens&&(t.childTokens[e.name]=e.childTokens)}),n.extensions=t),e.renderer){let t=this.defaults.renderer||new Dr(this.defaults);for(let n in e.renderer){if(!(n in t))throw Error(`renderer '${n}' does not exist`);if([`options`,`parser`].includes(n))continue;let r=n,i=e.renderer[r],a=t[r];t[r]=(...e)=>{let n=i.apply(t,e);return n===!1&&(n=a.apply(t,e)),n===!1?``:n??``}}n.renderer=t}if(e.tokenizer){let t=this.defaults.tokenizer||new W(this.defaults);for(let n in e.tokenizer){if(!(n in t))throw Error(`tokenizer '${n}' does not exist`);if([`options`,`rules`,`lexer`].includes(n))continue;let r=n,i=e.tokenizer[r],a=t[r];t[r]=(...e)=>{let n=i.apply(t,e);return n===!1&&(n=a.apply(t,e)),n}}n.tokenizer=t}if(e.hooks){let t=this.defaults.hooks||new kr;for(let n in e.hooks){if(!(n in t))throw Error(`hook '${n}' does not exist`);if([`options`,`block`].includes(n))continue;let r=n,i=e.hooks[r],a=t[r];t[r]=kr.passThroughHooks.has(n)?e=>{if(t.options.async&&kr.passThroughHooksRespectAsync.has(n))return(async()=>{let n=await i.call(t,e);return a.call(t,n)})();let r=i.call(t,e);return a.call(t,r)}:(...e)=>{if(t.options.async)return(async()=>{let n=await i.apply(t,e);return n===!1&&(n=await a.apply(t,e)),n})();let n=i.apply(t,e);return n===!1&&(n=a.apply(t,e)),n}}n.hooks=t}if(e.walkTokens){let t=this.defaults.walkTokens,r=e.walkTokens;n.walkTokens=function(e){let n=[];return q(n,r.call(this,e)),t&&q(n,t.call(this,e)),n}}this.defaults={...this.defaults,...n}}),this}setOptions(e){return this.defaults={...this.defaults,...e},this}lexer(e,t){return G.lex(e,t??this.defaults)}parser(e,t){return K.parse(e,t??this.defaults)}parseMarkdown(e){return(t,n)=>{let r={...n},i={...this.defaults,...r},a=this.onError(!!i.silent,!!i.async);if(this.defaults.async===!0&&r.async===!1)return a(Error(`marked(): The async option was set to true by an extension. Remove async: false from the parse options object to return a Promise.`));if(typeof t>`u`||t===null)return a(Error(`marked(): input parameter is undefined or null`));if(typeof t!=`string`)return a(Error(`marked(): input parameter is of type `+Object.prototype.toString.call(t)+`, string expected`));if(i.hooks&&(i.hooks.options=i,i.hooks.block=e),i.async)return(async()=>{let n=i.hooks?await i.hooks.preprocess(t):t,r=await(i.hooks?await i.hooks.provideLexer(e):e?G.lex:G.lexInline)(n,i),a=i.hooks?await i.hooks.processAllTokens(r):r;i.walkTokens&&await Promise.all(this.walkTokens(a,i.walkTokens));let o=await(i.hooks?await i.hooks.provideParser(e):e?K.parse:K.parseInline)(a,i);return i.hooks?await i.hooks.postprocess(o):o})().catch(a);try{i.hooks&&(t=i.hooks.preprocess(t));let n=(i.hooks?i.hooks.provideLexer(e):e?G.lex:G.lexInline)(t,i);i.hooks&&(n=i.hooks.processAllTokens(n)),i.walkTokens&&this.walkTokens(n,i.walkTokens);let r=(i.hooks?i.hooks.provideParser(e):e?K.parse:K.parseInline)(n,i);return i.hooks&&(r=i.hooks.postprocess(r)),r}catch(e){return a(e)}}}onError(e,t){return n=>{if(n.message+=`
Please report this to https://github.com/markedjs/marked.`,e){let e=`<p>An error occurred:</p><pre>`+H(n.message+``,!0)+`</pre>`;return t?Promise.resolve(e):e}if(t)return Promise.reject(n);throw n}}};function Y(e,t){return J.parse(e,t)}Y.options=Y.setOptions=function(e){return J.setOptions(e),Y.defaults=J.defaults,Ut(Y.defaults),Y},Y.getDefaults=Ht,Y.defaults=I;function Ar(...e){return J.use(...e),Y.defaults=J.defaults,Ut(Y.defaults),Y}Y.use=Ar,Y.walkTokens=function(e,t){return J.walkTokens(e,t)},Y.parseInline=J.parseInline,Y.Parser=K,Y.parser=K.parse,Y.Renderer=Dr,Y.TextRenderer=Or,Y.Lexer=G,Y.lexer=G.lex,Y.Tokenizer=W,Y.Hooks=kr,Y.parse=Y,Y.options,Y.setOptions,Y.walkTokens,Y.parseInline,K.parse,G.lex;var jr=class{#e=``;#t=[];of(e){return e===this.#e||(e.length>this.#e.length&&e.startsWith(this.#e)?this.#n(e):this.#t=Mr(e,0),this.#e=e),this.#t}whole(e){return this.#e=``,this.of(e)}#n(e){let t=this.#t.findLastIndex(e=>e.token.type!==`space`),n=this.#t[t]?.from??0;this.#t=[...this.#t.slice(0,Math.max(0,t)),...Mr(e.slice(n),n)]}};function Mr(e,t){let n=[];for(let r of new G({gfm:!0}).lex(e))n.push({token:r,from:t}),t+=r.raw.length;return n}var Nr=class{key;role;changed=new xt;blocks=new jr;notices=[];tools=[];begun=performance.now();text=``;reasoning=``;state=`done`;problem;question=``;messageId=``;turnId=``;receiptId=``;level=``;model=``;usage;costMicros=``;firstTokenMs=0;time;constructor(e,t,n=new Date){this.key=e,this.role=t,this.time=n}get running(){return this.state===`waiting`||this.state===`writing`}};function Pr(e){let t=new Nr(crypto.randomUUID(),`user`);return t.text=e,t}function Fr(e){let t=new Nr(crypto.randomUUID(),`assistant`);return t.state=`waiting`,t.question=e,t}function Ir(e){let t=e.role===`ROLE_USER`?`user`:`assistant`,n=new Nr(e.message_id,t,new Date(e.create_time));return n.text=e.content.map(e=>e.text??``).join(``),n.messageId=e.message_id,n.turnId=e.turn_id,n.receiptId=e.receipt_id,n.model=e.model,n.costMicros=e.cost_micros,n.usage=e.usage,n.tools.push(...e.tool_calls.map(e=>({name:e.name,args:e.arguments_json}))),e.partial&&(n.state=e.finish_reason===`cancelled`?`stopped`:`failed`),n}function Lr(e,t){let n=e.details.error_id??e.turn_id??t;return{code:e.code,message:e.message,retryAfter:e.retry_after,errorId:n}}function Rr(e,t){let n=zr(e,t);return e.changed.beat(),n}function zr(e,t){switch(t.type){case`chat.started`:return e.turnId=t.payload.turn_id,e.receiptId=t.payload.receipt_id,e.level=t.payload.level,e.model=t.payload.model,e.notices.push(...t.payload.level_reasons.map(e=>({text:e.sentence,level:e.level}))),``;case`chat.delta`:return e.firstTokenMs||=performance.now()-e.begun,e.state=`writing`,e.text+=t.payload.delta,``;case`chat.reasoning`:return e.reasoning+=t.payload.delta,``;case`chat.tool`:return e.tools.push({name:t.payload.name,args:t.payload.arguments}),``;case`chat.notice`:return e.notices.push({text:t.payload.message,level:``}),``;case`chat.done`:return Br(e,t.payload),e.text=t.payload.content,e.state=`done`,`The answer is complete.`;case`chat.failed`:return Br(e,t.payload),e.state=`failed`,e.problem=Lr(t.payload,t.payload.turn_id),t.payload.message;case`chat.cancelled`:return Br(e,t.payload),e.state=`stopped`,`Stopped.`;case`error`:return e.state=`failed`,e.problem=Lr(t.payload,e.turnId),t.payload.message}}function Br(e,t){e.messageId=t.message_id,e.receiptId=t.receipt_id||e.receiptId,e.usage=t.usage,e.costMicros=t.cost.micros}var Vr=`soma.pending`,Hr=1500,Ur;function Wr(e){clearTimeout(Ur),sessionStorage.setItem(Vr,JSON.stringify(e))}function Gr(){let e=sessionStorage.getItem(Vr);return e===null?void 0:JSON.parse(e)}function Kr(){clearTimeout(Ur),Ur=setTimeout(qr,Hr)}function qr(){clearTimeout(Ur),sessionStorage.removeItem(Vr)}var Jr=60,Yr=`/api/v1/chat/conversations`,Xr=class{rest;connection;listener;conversation=new P(void 0);conversationId=new P(``);entries=new P([]);running=new P(void 0);opening=new P(!1);loadingOlder=new P(!1);problem=new P(void 0);agentId=``;#e=``;#t=``;#n=0;constructor(e,t,n){this.rest=e,this.connection=t,this.listener=n}get hasOlder(){return this.#e!==``}fresh(){this.#a(),this.conversation.value=void 0,this.conversationId.value=``}async open(e){this.#a();let t=this.#n;this.conversationId.value=e,this.opening.value=!0;try{let[n,r]=await this.#o(e);t===this.#n&&this.#i(n,r)}catch(e){t===this.#n&&(this.problem.value=j(e))}finally{t===this.#n&&(this.opening.value=!1)}}async refresh(){let{value:e}=this.conversationId,t=this.entries.value.at(-1)?.problem!==void 0;if(e===``||t||this.running.value!==void 0||this.opening.value)return;let n=this.#n,r=await this.#o(e).catch(()=>void 0),i=r?.[0].current_leaf_message_id===this.entries.value.at(-1)?.messageId,a=r?.[0].running_turn_id===``;r!==void 0&&n===this.#n&&this.running.value===void 0&&!(i&&a)&&this.#i(...r)}async loadOlder(){if(this.#e===``||this.loadingOlder.value)return;let e=this.#n;this.loadingOlder.value=!0;try{let t=await this.#s(this.conversationId.value,this.#e);e===this.#n&&(this.#e=t.next_page_token,this.entries.value=[...t.messages.map(Ir),...this.entries.value])}catch(e){this.problem.value=j(e)}finally{this.loadingOlder.value=!1}}say(e){if(this.running.value!==void 0||e.trim()===``)return;let t={content:e,request_id:crypto.randomUUID()};this.conversationId.value===``?this.agentId!==``&&(t.agent_id=this.agentId):t.conversation_id=this.conversationId.value,Wr(t),this.#r(t)}async takeUp(){let e=Gr();if(e===void 0)return!1;e.conversation_id!==void 0&&await this.open(e.conversation_id);let t=this.entries.value.findLast(e=>e.role===`user`);return this.running.value===void 0&&t?.text!==e.content&&this.#r(e),!0}stop(){this.#t!==``&&this.connection.stop(this.#t)}hear(e,t){let n=this.running.value;if(e!==this.#t||n===void 0)return;if(t.type===`chat.started`){Kr();let e=this.conversationId.value===``;this.conversationId.value=t.payload.conversation_id,this.agentId=t.payload.agent_id,Rr(n,t),this.listener.begun(n,t.payload.conversation_id,e);return}let r=Rr(n,t);n.running||(qr(),this.#t=``,this.running.value=void 0,this.listener.ended(n,r))}#r(e){let t=Fr(e.content);this.entries.value=[...this.entries.value,Pr(e.content),t],this.running.value=t,this.#t=this.connection.say(e)}#i(e,t){this.conversation.value=e,this.agentId=e.agent_id,this.#e=t.next_page_token;let n=t.messages.map(Ir);if(e.running_turn_id!==``){let t=Fr(``);n.push(t),this.running.value=t,this.#t=this.connection.follow(e.running_turn_id)}this.entries.value=n}#a(){this.#n+=1,this.#t!==``&&(this.connection.leave(this.#t),this.#t=``),this.#e=``,this.running.value=void 0,this.problem.value=void 0,this.opening.value=!1,this.entries.value=[]}async#o(e){let[t,n]=await Promise.all([this.rest.get(`${Yr}/${encodeURIComponent(e)}`),this.#s(e,``)]);return[t.conversation,n]}#s(e,t){let n={page_size:Jr,from_end:!0,page_token:t};return this.rest.get(`${Yr}/${encodeURIComponent(e)}/messages`,n)}},Zr=class{rest=new Qe;layout=new kt;mesh=new Lt(this.rest);chats=new wt(this.rest);receipts=new Vt(this.rest);mind=new zt(this.rest);talk;memories;#e;#t=new BroadcastChannel(`soma`);#n=!1;constructor(){this.#e=new qe({connected:e=>{this.mesh.agents.value=e.agents,this.#o()},link:e=>this.#a(e),frame:(e,t)=>this.talk.hear(e,t)},this.rest),this.talk=new Xr(this.rest,this.#e,{begun:(e,t,n)=>void this.#r(e,t,n),ended:(e,t)=>this.#i(e,t)}),this.memories=new Ft(this.rest,()=>this.talk.agentId),this.#t.addEventListener(`message`,()=>this.#s()),document.addEventListener(`visibilitychange`,()=>{document.hidden||this.#s()}),addEventListener(`hashchange`,()=>this.#c())}start(){this.talk.takeUp().then(e=>{e||this.#c()}),this.#e.open()}newChat(){this.layout.railOpen.value=!1,history.pushState(null,``,location.pathname),this.talk.fresh()}openChat(e){this.layout.railOpen.value=!1,location.hash=e}async deleteChat(e){await this.chats.delete(e),e===this.talk.conversationId.value&&this.newChat(),this.#t.postMessage(`deleted`)}showReceipt(e){this.layout.openDrawer(`receipt`),this.receipts.show(e)}showMemory(e){this.layout.openDrawer(`memory`),this.memories.show(e)}async#r(e,t,n){this.mesh.level.value=e.level,this.mesh.usedModel.value=e.model,this.layout.announce(`The answer begins.`),n&&(history.replaceState(null,``,`#${t}`),await this.chats.rename(t,bt(e.question)).catch(()=>void 0)),this.#t.postMessage(`begun`),await this.chats.refresh()}#i(e,t){this.layout.announce(t),this.#t.postMessage(`ended`),this.chats.refresh(),this.mesh.refresh(),this.layout.drawerOpen.value&&this.layout.tab.value===`receipt`&&e.receiptId!==``&&this.receipts.show(e.receiptId),this.layout.drawerOpen.value&&this.layout.tab.value===`mind`&&this.mind.load(this.talk.agentId),e.problem?.code===`CURSOR_TOO_OLD`&&this.talk.open(this.talk.conversationId.value)}#a(e){this.#n||=e===`lost`,this.mesh.link.value=e}async#o(){this.#n&&(this.#n=!1,this.layout.announce(`Connected again.`)),await Promise.all([this.chats.refresh(),this.mesh.refresh(),this.talk.refresh()])}#s(){this.chats.refresh(),this.talk.refresh()}#c(){let e=location.hash.slice(1);e===``?this.talk.fresh():e!==this.talk.conversationId.value&&this.talk.open(e)}},X=class extends D{static properties={store:{attribute:!1}};#e=[];watched(){return[]}connectedCallback(){super.connectedCallback(),this.#e=this.watched().map(e=>e.watch(()=>this.requestUpdate()))}disconnectedCallback(){super.disconnectedCallback();for(let e of this.#e)e();this.#e=[]}},Qr={plus:S`<path d="M8 3v10M3 8h10"/>`,menu:S`<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/>`,close:S`<path d="M4 4l8 8M12 4l-8 8"/>`,copy:S`<rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2"/>`,done:S`<path d="M3 8.5l3.5 3.5L13 4.5"/>`,up:S`<path d="M8 13V3.5M3.5 8L8 3.5 12.5 8"/>`,down:S`<path d="M8 3v9.5M3.5 8L8 12.5 12.5 8"/>`,pen:S`<path d="M10.5 3l2.5 2.5L6 12.5l-3 .5.5-3z"/>`,bin:S`<path d="M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.5 9h6l.5-9"/>`,receipt:S`<path d="M3.5 2.5h9v11l-1.5-1-1.5 1-1.5-1-1.5 1-1.5-1-1.5 1zM6 6h4M6 8.5h4"/>`,mind:S`<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/><path d="M5 3v3M10.5 6.5v3M7 10v3" stroke-width="2.4"/>`,memory:S`<ellipse cx="8" cy="4" rx="5" ry="1.8"/><path d="M3 4v8c0 1 2.2 1.8 5 1.8s5-.8 5-1.8V4M3 8c0 1 2.2 1.8 5 1.8S13 9 13 8"/>`,search:S`<circle cx="7" cy="7" r="4.2"/><path d="M10.2 10.2L13.5 13.5"/>`,sun:S`<circle cx="8" cy="8" r="2.8"/><path d="M8 1.8v1.6M8 12.6v1.6M1.8 8h1.6M12.6 8h1.6M3.6 3.6l1.1 1.1M11.3 11.3l1.1 1.1M3.6 12.4l1.1-1.1M11.3 4.7l1.1-1.1"/>`,moon:S`<path d="M12.8 9.6A5.2 5.2 0 0 1 6.4 3.2a5.2 5.2 0 1 0 6.4 6.4z"/>`,half:S`<circle cx="8" cy="8" r="5.2"/><path d="M8 2.8v10.4a5.2 5.2 0 0 0 0-10.4z" fill="currentColor"/>`,stop:S`<rect x="4" y="4" width="8" height="8" rx="1.2" fill="currentColor"/>`};function Z(e){return x`<svg
    width="16"
    height="16"
    viewBox="0 0 16 16"
    fill="none"
    stroke="currentColor"
    stroke-width="1.4"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    ${Qr[e]}
  </svg>`}var $r=class extends D{static properties={question:{attribute:!1}};answer=()=>void 0;static styles=[O,k,o`
      dialog {
        width: min(440px, calc(100vw - 32px));
        padding: var(--s5);
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
        background: var(--raised);
        color: var(--ink);
      }
      dialog::backdrop {
        background: var(--veil);
      }
      h2 {
        overflow-wrap: anywhere;
      }
      p {
        margin: var(--s2) 0 var(--s5);
        color: var(--ink-soft);
        font-size: var(--size-small);
      }
      .row {
        display: flex;
        justify-content: flex-end;
        gap: var(--s2);
      }
    `];render(){return x`<dialog aria-labelledby="title" aria-describedby="text" @close=${e=>this.#e(e)}>
      <h2 id="title">${this.question.title}</h2>
      <p id="text">${this.question.text}</p>
      <form class="row" method="dialog">
        <button type="submit" value="">Keep it</button>
        <button class="danger" type="submit" value="sure">${this.question.act}</button>
      </form>
    </dialog>`}firstUpdated(){this.renderRoot.querySelector(`dialog`)?.showModal()}#e(e){this.answer(e.target.returnValue===`sure`)}};customElements.define(`soma-confirm`,$r);async function ei(e){let t=new $r;t.question=e;let n=new Promise(e=>{t.answer=e});document.body.append(t);let r=await n;return t.remove(),r}var ti=class extends X{static properties={chat:{attribute:!1},shown:{type:Boolean,reflect:!0},naming:{state:!0}};static styles=[O,k,o`
      :host {
        position: relative;
        display: flex;
        border-radius: var(--corner);
      }
      :host(:hover),
      :host(:focus-within) {
        background: var(--pressed);
      }
      :host([shown]) {
        background: var(--accent-soft);
      }
      .open {
        flex: 1;
        display: block;
        min-width: 0;
        padding: 0 var(--s2);
        border: 0;
        background: none !important;
        text-align: left;
        font-size: var(--size-small);
      }
      :host([shown]) .open {
        font-weight: 600;
      }
      .acts {
        display: flex;
        width: 0;
        overflow: hidden;
      }
      :host(:hover) .acts,
      :host(:focus-within) .acts {
        width: auto;
        overflow: visible;
      }
      @media (hover: none) {
        :host([shown]) .acts {
          width: auto;
        }
      }
      input {
        width: 100%;
        font-size: var(--size-small);
      }
    `];constructor(){super(),this.naming=!1}render(){let{chat:e}=this,t=e.title||`Untitled, ${gt(new Date(e.create_time))}`;return this.naming?x`<input
        aria-label="New name"
        maxlength="200"
        .value=${e.title}
        @keydown=${e=>this.#t(e)}
        @blur=${()=>this.naming=!1}
      />`:x`<button
        class="open cut"
        type="button"
        title=${t}
        aria-current=${this.shown?`page`:w}
        @click=${()=>this.store.openChat(e.conversation_id)}
      >
        ${t}
      </button>
      <span class="acts">
        <button class="plain icon" type="button" aria-label=${`Rename “${t}”`} title="Rename" @click=${()=>void this.#e()}>
          ${Z(`pen`)}
        </button>
        <button class="plain icon" type="button" aria-label=${`Delete “${t}”`} title="Delete" @click=${()=>void this.#n(t)}>
          ${Z(`bin`)}
        </button>
      </span>`}async#e(){this.naming=!0,await this.updateComplete;let e=this.renderRoot.querySelector(`input`);e?.focus(),e?.select()}#t(e){if(e.key===`Escape`)e.preventDefault(),this.naming=!1;else if(e.key===`Enter`){let t=e.target.value.trim();this.naming=!1,this.#r(this.store.chats.rename(this.chat.conversation_id,t),`Renamed.`)}}async#n(e){await ei({title:`Delete “${e}”?`,text:`The conversation and its ${N(this.chat.message_count,`message`)} are deleted for good. What was learned from it stays in memory; receipts stay too, they hold no text.`,act:`Delete`})&&await this.#r(this.store.deleteChat(this.chat.conversation_id),`Deleted.`)}async#r(e,t){try{await e,this.store.layout.announce(t)}catch(e){this.store.chats.problem.value=j(e)}}};customElements.define(`soma-chat-row`,ti);var ni=200,ri=class extends X{static styles=[O,k,A,o`
      :host {
        display: flex;
        flex-direction: column;
        min-height: 0;
        background: var(--sunken);
      }
      .brand {
        display: flex;
        align-items: center;
        gap: var(--s2);
        min-height: var(--bar);
        padding: 0 var(--s2) 0 var(--s4);
        font-weight: 650;
      }
      .brand img {
        width: 20px;
        height: 20px;
      }
      .brand span {
        flex: 1;
      }
      .top {
        display: grid;
        gap: var(--s2);
        padding: 0 var(--s3) var(--s2);
      }
      .new {
        justify-content: flex-start;
      }
      .new kbd {
        margin-left: auto;
      }
      .list {
        flex: 1;
        min-height: 0;
        padding: 0 var(--s2) var(--s4);
        overflow-y: auto;
      }
      h2 {
        padding: var(--s4) var(--s2) var(--s1);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        font-weight: 500;
      }
      .empty {
        padding: var(--s3) var(--s2);
      }
      .more {
        width: 100%;
        margin-top: var(--s2);
      }
    `];#e;watched(){let{chats:e,talk:t,layout:n}=this.store;return[e.list,e.problem,e.filter,t.conversationId,n.narrow]}render(){let{store:e}=this;return x`
      <div class="brand">
        <img src="/static/icon.svg" alt="" /><span>SomaStack</span>
        ${e.layout.narrow.value?x`<button class="plain icon" type="button" aria-label="Close" @click=${()=>e.layout.railOpen.value=!1}>
              ${Z(`close`)}
            </button>`:w}
      </div>
      <div class="top">
        <button class="new" type="button" @click=${()=>e.newChat()}>${Z(`plus`)} New chat <kbd>Alt N</kbd></button>
        <div class="filter">
          ${Z(`search`)}
          <input
            type="search"
            aria-label="Filter conversations by title"
            placeholder="Filter by title"
            .value=${e.chats.filter.value}
            @input=${e=>this.#r(e.target.value)}
          />
        </div>
      </div>
      <div class="list">${this.#t()}</div>
    `}#t(){let{list:e,problem:t,filter:n}=this.store.chats;return t.value===void 0?e.value===void 0?w:e.value.length===0?x`<p class="quiet small empty">${n.value.trim()===``?`Your conversations will stand here.`:`No title contains this.`}</p>`:x`${[...Map.groupBy(e.value,e=>vt(e.update_time))].map(([e,t])=>this.#n(e,t))}
    ${this.store.chats.hasMore?x`<button class="plain more" type="button" @click=${()=>void this.store.chats.loadMore()}>Show older</button>`:w}`:x`<p class="problem">${t.value.message}</p>`}#n(e,t){let n=this.store.talk.conversationId.value;return x`<h2>${e}</h2>
      <ul>
        ${t.map(e=>x`<li>
            <soma-chat-row .store=${this.store} .chat=${e} .shown=${e.conversation_id===n}></soma-chat-row>
          </li>`)}
      </ul>`}#r(e){clearTimeout(this.#e),this.#e=setTimeout(()=>void this.store.chats.narrow(e),ni)}};customElements.define(`soma-rail`,ri);var ii=[{tab:`receipt`,name:`Receipt`,sign:`receipt`},{tab:`mind`,name:`Mind`,sign:`mind`},{tab:`memory`,name:`Memory`,sign:`memory`}],ai=class extends X{static styles=[O,k,o`
      :host {
        display: flex;
        align-items: center;
        gap: var(--s2);
        padding: 0 var(--s3) 0 var(--s5);
        border-bottom: 1px solid var(--hairline);
      }
      h1 {
        flex: 1;
        min-width: 0;
        font-size: var(--size);
        font-weight: 600;
      }
      select {
        max-width: 160px;
        border-color: transparent;
        background: transparent;
        color: var(--ink-soft);
        font-size: var(--size-small);
      }
      select option {
        background: var(--raised);
        color: var(--ink);
      }
      .doors {
        display: flex;
      }
      button[aria-expanded="true"] {
        background: var(--accent-soft);
        color: var(--accent);
      }
      .palette {
        padding: 0 var(--s2);
      }
      @media (max-width: 899.98px) {
        :host {
          gap: var(--s1);
          padding: 0 var(--s2);
        }
      }
      @media (max-width: 560px) {
        .palette,
        .one {
          display: none;
        }
        select {
          max-width: 92px;
        }
      }
    `];watched(){let{layout:e,talk:t,chats:n,mesh:r}=this.store;return[e.narrow,e.railOpen,e.drawerOpen,e.tab,t.conversationId,n.list,r.agents]}render(){let{layout:e}=this.store;return x`
      ${e.narrow.value?x`<button
            class="plain icon"
            type="button"
            aria-label="Conversations"
            aria-expanded=${e.railOpen.value}
            @click=${()=>e.railOpen.value=!0}
          >
            ${Z(`menu`)}
          </button>`:w}
      <h1 class="cut">${this.#e()}</h1>
      ${this.#t()}
      <button
        class="plain palette"
        type="button"
        aria-label="Commands"
        title="Commands"
        @click=${()=>e.paletteOpen.value=!0}
      >
        ${Z(`search`)} <kbd>${oi()?`⌘`:`Ctrl`} K</kbd>
      </button>
      <div class="doors">${ii.map(e=>this.#n(e.tab,e.name,e.sign))}</div>
    `}#e(){let{chats:e,talk:t}=this.store,n=t.conversationId.value,r=e.list.value?.find(e=>e.conversation_id===n)??t.conversation.value;return n===``?`New chat`:r?.title||`Untitled chat`}#t(){let{mesh:e,talk:t}=this.store,n=e.agents.value;if(n.length<2)return w;let r=t.conversationId.value!==``;return x`<select
      aria-label="Agent"
      title=${r?`A conversation keeps its agent`:`Who answers`}
      ?disabled=${r}
      @change=${e=>t.agentId=e.target.value}
    >
      ${n.map(e=>x`<option value=${e.agent_id} ?selected=${e.agent_id===t.agentId}>${e.name}</option>`)}
    </select>`}#n(e,t,n){let{layout:r}=this.store;return x`<button
      class="plain icon"
      type="button"
      aria-label=${t}
      title=${t}
      aria-expanded=${r.drawerOpen.value&&r.tab.value===e}
      @click=${()=>r.toggleDrawer(e)}
    >
      ${Z(n)}
    </button>`}};function oi(){return/mac|iphone|ipad/i.test(navigator.userAgent)}customElements.define(`soma-head`,ai);var si={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},ci=e=>(...t)=>({_$litDirective$:e,values:t}),li=class{constructor(e){}get _$AU(){return this._$AM._$AU}_$AT(e,t,n){this._$Ct=e,this._$AM=t,this._$Ci=n}_$AS(e,t){return this.update(e,t)}update(e,t){return this.render(...t)}},{I:ui}=Ie,di=e=>e,fi=()=>document.createComment(``),pi=(e,t,n)=>{let r=e._$AA.parentNode,i=t===void 0?e._$AB:t._$AA;if(n===void 0)n=new ui(r.insertBefore(fi(),i),r.insertBefore(fi(),i),e,e.options);else{let t=n._$AB.nextSibling,a=n._$AM,o=a!==e;if(o){let t;n._$AQ?.(e),n._$AM=e,n._$AP!==void 0&&(t=e._$AU)!==a._$AU&&n._$AP(t)}if(t!==i||o){let e=n._$AA;for(;e!==t;){let t=di(e).nextSibling;di(r).insertBefore(e,i),e=t}}}return n},Q=(e,t,n=e)=>(e._$AI(t,n),e),mi={},hi=(e,t=mi)=>e._$AH=t,gi=e=>e._$AH,_i=e=>{e._$AR(),e._$AA.remove()},vi=(e,t,n)=>{let r=new Map;for(let i=t;i<=n;i++)r.set(e[i],i);return r},yi=ci(class extends li{constructor(e){if(super(e),e.type!==si.CHILD)throw Error(`repeat() can only be used in text expressions`)}dt(e,t,n){let r;n===void 0?n=t:t!==void 0&&(r=t);let i=[],a=[],o=0;for(let t of e)i[o]=r?r(t,o):o,a[o]=n(t,o),o++;return{values:a,keys:i}}render(e,t,n){return this.dt(e,t,n).values}update(e,[t,n,r]){let i=gi(e),{values:a,keys:o}=this.dt(t,n,r);if(!Array.isArray(i))return this.ut=o,a;let s=this.ut??=[],c=[],l,u,d=0,f=i.length-1,p=0,m=a.length-1;for(;d<=f&&p<=m;)if(i[d]===null)d++;else if(i[f]===null)f--;else if(s[d]===o[p])c[p]=Q(i[d],a[p]),d++,p++;else if(s[f]===o[m])c[m]=Q(i[f],a[m]),f--,m--;else if(s[d]===o[m])c[m]=Q(i[d],a[m]),pi(e,c[m+1],i[d]),d++,m--;else if(s[f]===o[p])c[p]=Q(i[f],a[p]),pi(e,i[d],i[f]),f--,p++;else if(l===void 0&&(l=vi(o,p,m),u=vi(s,d,f)),l.has(s[d])){if(l.has(s[f])){let t=u.get(o[p]),n=t===void 0?null:i[t];if(n===null){let t=pi(e,i[d]);Q(t,a[p]),c[p]=t}else c[p]=Q(n,a[p]),pi(e,i[d],n),i[t]=null;p++}else _i(i[f]),f--}else _i(i[d]),d++;for(;p<=m;){let t=pi(e,c[m+1]);Q(t,a[p]),c[p++]=t}for(;d<=f;){let e=i[d++];e!==null&&_i(e)}return this.ut=o,hi(e,c),C}}),bi=o`
  .prose {
    overflow-wrap: anywhere;
  }
  .prose > :first-child {
    margin-top: 0;
  }
  .prose > :last-child {
    margin-bottom: 0;
  }
  .prose p,
  .prose ul,
  .prose ol,
  .prose blockquote,
  .prose .table,
  .prose soma-code {
    margin: var(--s3) 0;
  }
  .prose h2,
  .prose h3,
  .prose h4 {
    margin: var(--s5) 0 var(--s2);
    font-size: 1.08em;
    font-weight: 650;
    line-height: 1.35;
  }
  .prose h3,
  .prose h4 {
    margin-top: var(--s4);
    font-size: 1em;
  }
  .prose ul,
  .prose ol {
    padding-left: var(--s5);
    list-style: disc;
  }
  .prose ol {
    list-style: decimal;
  }
  .prose li {
    margin: var(--s1) 0;
  }
  .prose li::marker {
    color: var(--ink-soft);
  }
  .prose li > ul,
  .prose li > ol,
  .prose li > p {
    margin: var(--s1) 0;
  }
  .prose blockquote {
    padding-left: var(--s3);
    border-left: 2px solid var(--outline);
    color: var(--ink-soft);
  }
  .prose code {
    padding: 1px 4px;
    border-radius: 4px;
    background: var(--pressed);
  }
  .prose hr {
    margin: var(--s5) 0;
    border: 0;
    border-top: 1px solid var(--hairline);
  }
  .prose .table {
    overflow-x: auto;
  }
  .prose table {
    border-collapse: collapse;
    font-size: var(--size-small);
    font-variant-numeric: tabular-nums;
  }
  .prose th,
  .prose td {
    padding: var(--s1) var(--s4) var(--s1) 0;
    border-bottom: 1px solid var(--hairline);
    text-align: left;
    vertical-align: top;
  }
  .prose th {
    font-weight: 600;
  }
  .prose .right {
    text-align: right;
  }
  .prose .center {
    text-align: center;
  }
`,xi={},Si=ci(class extends li{constructor(){super(...arguments),this.ot=xi}render(e,t){return t()}update(e,[t,n]){if(Array.isArray(t)){if(Array.isArray(this.ot)&&this.ot.length===t.length&&t.every((e,t)=>e===this.ot[t]))return C}else if(this.ot===t)return C;return this.ot=Array.isArray(t)?Array.from(t):t,this.render(t,n)}});async function Ci(e){try{return await navigator.clipboard.writeText(e),!0}catch{return wi(e)}}function wi(e){let t=document.activeElement,n=document.createElement(`textarea`);n.value=e,n.className=`clipboard`,n.setAttribute(`aria-hidden`,`true`),document.body.append(n),n.select();let r=document.execCommand(`copy`);return n.remove(),t instanceof HTMLElement&&t.focus(),r}var Ti=class extends D{static properties={text:{attribute:!1},language:{attribute:!1},wrapped:{state:!0},copied:{state:!0}};static styles=[O,k,o`
      :host {
        display: block;
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
        background: var(--sunken);
      }
      header {
        display: flex;
        align-items: center;
        gap: var(--s1);
        padding: 0 var(--s1) 0 var(--s3);
        border-bottom: 1px solid var(--hairline);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      header span {
        flex: 1;
      }
      button.plain {
        min-height: 28px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      pre {
        margin: 0;
        padding: var(--s3);
        overflow-x: auto;
        font: var(--size-small) / 1.5 var(--mono);
        tab-size: 4;
      }
      pre.wrapped {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `];constructor(){super(),this.text=``,this.language=``,this.wrapped=!1,this.copied=!1}render(){return x`<header>
        <span>${(this.language.split(/\s/)[0]??``)||`text`}</span>
        <button class="plain" type="button" aria-pressed=${this.wrapped} @click=${()=>this.wrapped=!this.wrapped}>
          Wrap
        </button>
        <button class="plain" type="button" @click=${()=>void this.#e()}>
          ${Z(this.copied?`done`:`copy`)} ${this.copied?`Copied`:`Copy`}
        </button>
      </header>
      <pre class=${this.wrapped?`wrapped`:``} tabindex="0" role="group" aria-label="Code"><code>${this.text}</code></pre>`}async#e(){this.copied=await Ci(this.text),setTimeout(()=>this.copied=!1,2e3)}};customElements.define(`soma-code`,Ti);var Ei=/^(https?:|mailto:)/i,Di={amp:`&`,lt:`<`,gt:`>`,quot:`"`,apos:`'`,nbsp:`\xA0`};function Oi(e){return e.map(e=>Si([e.token.type,e.token.raw],()=>ki(e.token)))}function ki(e){switch(e.type){case`heading`:return Ai(e);case`paragraph`:return x`<p>${$(e.tokens)}</p>`;case`text`:return x`${$(e.tokens??[e])}`;case`code`:return x`<soma-code .text=${e.text} .language=${e.lang??``}></soma-code>`;case`blockquote`:return x`<blockquote>${e.tokens.map(ki)}</blockquote>`;case`list`:return ji(e);case`table`:return Mi(e);case`hr`:return x`<hr />`;case`html`:return x`<p>${e.raw}</p>`;default:return w}}function Ai(e){let t=$(e.tokens);switch(e.depth){case 1:case 2:return x`<h2>${t}</h2>`;case 3:return x`<h3>${t}</h3>`;default:return x`<h4>${t}</h4>`}}function ji(e){let t=e.items.map(e=>x`<li>${e.tokens.map(ki)}</li>`);return e.ordered?x`<ol start=${e.start===``?1:e.start}>${t}</ol>`:x`<ul>${t}</ul>`}function Mi(e){let t=e=>e.map(e=>x`<td class=${e.align??``}>${$(e.tokens)}</td>`);return x`<div class="table" tabindex="0" role="group" aria-label="Table">
    <table>
      <thead>
        <tr>
          ${e.header.map(e=>x`<th class=${e.align??``} scope="col">${$(e.tokens)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${e.rows.map(e=>x`<tr>${t(e)}</tr>`)}
      </tbody>
    </table>
  </div>`}function $(e){return e.map(Ni)}function Ni(e){switch(e.type){case`strong`:return x`<strong>${$(e.tokens)}</strong>`;case`em`:return x`<em>${$(e.tokens)}</em>`;case`del`:return x`<del>${$(e.tokens)}</del>`;case`codespan`:return x`<code>${e.text}</code>`;case`br`:return x`<br />`;case`link`:return Pi(e);case`image`:return x`<span class="quiet">[image: ${e.text||`without a description`}]</span>`;case`checkbox`:return e.checked?`☑ `:`☐ `;case`text`:{let{tokens:t,text:n}=e;return t===void 0?Fi(n):x`${$(t)}`}case`escape`:return e.text;default:return e.raw}}function Pi(e){let t=$(e.tokens);return Ei.test(e.href)?x`<a href=${e.href} target="_blank" rel="noopener noreferrer">${t}</a>`:x`${t}`}function Fi(e){return e.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi,(e,...t)=>{let[n,r,i]=t;if(i!==void 0)return Di[i]??e;let a=n===void 0?parseInt(r??``,16):parseInt(n,10);return a>0&&a<=1114111?String.fromCodePoint(a):e})}var Ii=250,Li=class extends X{static properties={entry:{attribute:!1},copied:{state:!0}};static styles=[O,k,A,bi,o`
      :host {
        display: block;
        padding-bottom: var(--s5);
      }
      .who {
        display: flex;
        align-items: baseline;
        gap: var(--s2);
        margin-bottom: var(--s1);
        font-size: var(--size-small);
        font-weight: 600;
      }
      .who time {
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        font-weight: 400;
      }
      .asked {
        padding: var(--s2) var(--s3);
        border-radius: var(--corner);
        background: var(--sunken);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .notice,
      .problem {
        margin: var(--s2) 0;
      }
      details {
        margin: var(--s2) 0;
        color: var(--ink-soft);
        font-size: var(--size-small);
      }
      summary {
        width: fit-content;
        cursor: pointer;
      }
      details p {
        padding: var(--s2) 0 0 var(--s3);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .waiting {
        width: 30%;
        height: 14px;
        margin: 5px 0;
        border-radius: 4px;
        background: var(--pressed);
      }
      .foot {
        display: flex;
        align-items: center;
        gap: var(--s1);
        min-height: 28px;
        margin: var(--s1) 0 0 -8px;
      }
      .foot button {
        min-height: 28px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      .foot .icon {
        width: 28px;
        padding: 0;
      }
      .foot .line {
        min-width: 0;
        text-align: left;
      }
      .foot .line svg {
        flex: none;
      }
    `];constructor(){super(),this.copied=!1}watched(){return[this.entry.changed]}async scheduleUpdate(){this.hasUpdated&&this.entry.running&&await new Promise(e=>{document.hidden?setTimeout(e,Ii):requestAnimationFrame(()=>e())}),super.scheduleUpdate()}render(){let{entry:e}=this,t=e.role===`user`;return x`<article aria-label=${t?`You`:`Answer`} aria-busy=${e.running}>
      <div class="who"><span>${t?`You`:`Soma`}</span><time>${gt(e.time)}</time></div>
      ${t?x`<div class="asked">${e.text}</div>`:this.#e()}
    </article>`}#e(){let{entry:e}=this,t=e.running?e.blocks.of(e.text):e.blocks.whole(e.text);return x`
      ${e.notices.map(e=>x`<p class=${e.level===``?`notice`:`notice warn`}>${e.level===`L0`||e.level===``?w:x`<strong>${e.level}</strong> `}${e.text}</p>`)}
      ${e.reasoning===``?w:x`<details><summary>Reasoning</summary><p>${e.reasoning}</p></details>`}
      ${e.state===`waiting`?x`<div class="waiting"></div>`:x`<div class="prose">${Oi(t)}</div>`}
      ${e.tools.map(e=>x`<p class="notice">Asks for the tool <code>${e.name}</code> with <code>${e.args}</code></p>`)}
      ${e.problem===void 0?this.#t():this.#n(e.problem)}
      ${e.running?w:this.#r()}
    `}#t(){let{state:e,text:t}=this.entry;return e===`stopped`?x`<p class="notice">${t===``?`Stopped before anything was written.`:`Stopped. What was written is kept.`}</p>`:e===`failed`?x`<p class="notice">This answer was cut short; what was written is kept.</p>`:w}#n(e){let{question:t}=this.entry,n=e.retryAfter===void 0?``:` You can try again in ${Math.ceil(e.retryAfter)} s.`;return x`<div class="problem" role="alert">
      <p>${e.message}${n}</p>
      <div class="row">
        ${t===``?w:x`<button type="button" @click=${()=>this.#a(t)}>Try again</button>`}
        <span class="quiet tiny">${e.code}${e.errorId===``?``:x` · id <code>${e.errorId}</code>`}</span>
      </div>
    </div>`}#r(){let{entry:e}=this,t=this.#i();return x`<div class="foot">
      ${e.receiptId===``?w:x`<button
            class="plain line"
            type="button"
            title="Open the receipt"
            aria-label=${`Receipt: ${t}`}
            @click=${()=>this.store.showReceipt(e.receiptId)}
          >
            ${Z(`receipt`)} ${t}
          </button>`}
      ${e.text===``?w:x`<button class="plain icon" type="button" aria-label=${this.copied?`Copied`:`Copy the answer`} title="Copy" @click=${()=>void this.#o()}>
            ${Z(this.copied?`done`:`copy`)}
          </button>`}
    </div>`}#i(){let{entry:e}=this,t=(e.usage?.input_tokens??0)+(e.usage?.output_tokens??0),n=e.firstTokenMs>0?`${dt(e.firstTokenMs)} to first token`:e.model;return[e.level,`${M(t)} tokens`,ut(e.costMicros),n].filter(e=>e!==``).join(` · `)}#a(e){this.dispatchEvent(new CustomEvent(`soma-ask`,{detail:e,bubbles:!0,composed:!0}))}async#o(){this.copied=await Ci(this.entry.text),this.store.layout.announce(this.copied?`Copied.`:`The browser did not allow copying.`),setTimeout(()=>this.copied=!1,2e3)}};customElements.define(`soma-message`,Li);var Ri=`.venv/bin/somastack model add openai`,zi=[{ask:`Remember that my cat is called Miso and loves rain.`,shows:`It is learned, and the tab Memory finds it.`},{ask:`What do you know about my cat?`,shows:`The memory is recalled, also in another conversation.`},{ask:`What can you do, in three sentences?`,shows:`The line under the answer opens its receipt: what was read, what was left out, what it cost.`}],Bi=class extends X{static properties={copied:{state:!0}};static styles=[O,k,A,o`
      :host {
        display: block;
        padding-top: min(14dvh, 128px);
      }
      h2 {
        margin-bottom: var(--s2);
        font-size: 22px;
        letter-spacing: -0.01em;
        line-height: 1.3;
      }
      ul {
        margin-top: var(--s5);
        border-top: 1px solid var(--hairline);
      }
      li {
        border-bottom: 1px solid var(--hairline);
      }
      li button {
        display: grid;
        grid-template-columns: 1fr auto;
        align-items: center;
        gap: 0 var(--s3);
        width: 100%;
        padding: var(--s3) var(--s2);
        border: 0;
        border-radius: 0;
        background: none;
        text-align: left;
      }
      li .small {
        grid-column: 1;
      }
      li svg {
        grid-area: 1 / 2 / 3;
        color: var(--ink-soft);
        rotate: 90deg;
      }
      .command {
        display: flex;
        align-items: center;
        gap: var(--s2);
        margin-top: var(--s2);
        padding: 2px 2px 2px var(--s3);
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
        background: var(--ground);
      }
      .command code {
        flex: 1;
        min-width: 0;
        overflow-x: auto;
        white-space: nowrap;
      }
      .notice {
        margin-top: var(--s5);
      }
      @media (max-width: 899.98px) {
        :host {
          padding-top: var(--s5);
        }
      }
    `];constructor(){super(),this.copied=!1}watched(){return[this.store.mesh.models]}render(){return x`
      <h2>What shall we do?</h2>
      <p class="quiet">Every answer comes with a receipt, and what matters is remembered.</p>
      ${this.store.mesh.withoutModel?this.#e():w}
      <ul>
        ${zi.map(({ask:e,shows:t})=>x`<li>
            <button type="button" @click=${()=>this.#t(e)}>
              <span>${e}</span><span class="quiet small">${t}</span>${Z(`up`)}
            </button>
          </li>`)}
      </ul>
    `}#e(){return x`<div class="notice warn">
      <p>No model is configured: the offline one shows what would have been sent. This adds one, and asks for the key:</p>
      <div class="command">
        <code tabindex="0">${Ri}</code>
        <button class="plain" type="button" @click=${()=>void this.#n()}>
          ${Z(this.copied?`done`:`copy`)} ${this.copied?`Copied`:`Copy`}
        </button>
      </div>
    </div>`}#t(e){this.dispatchEvent(new CustomEvent(`soma-ask`,{detail:e,bubbles:!0,composed:!0}))}async#n(){this.copied=await Ci(Ri),setTimeout(()=>this.copied=!1,2e3)}};customElements.define(`soma-welcome`,Bi);var Vi=48,Hi=800,Ui=class extends X{static properties={away:{state:!0}};static styles=[O,k,A,o`
      :host {
        position: relative;
        display: block;
        min-height: 0;
      }
      .scroll {
        height: 100%;
        padding: var(--s5);
        overflow-y: auto;
        overflow-anchor: none;
        scrollbar-gutter: stable both-edges;
      }
      .scroll:focus-visible {
        outline-offset: -2px;
      }
      .column {
        max-width: var(--column);
        margin: 0 auto;
      }
      li {
        content-visibility: auto;
        contain-intrinsic-size: auto 120px;
      }
      li:last-child,
      li:nth-last-child(2) {
        content-visibility: visible;
      }
      .older {
        padding-bottom: var(--s4);
        text-align: center;
      }
      .latest {
        position: absolute;
        bottom: var(--s2);
        left: 50%;
        translate: -50%;
        font-size: var(--size-small);
      }
      .bone {
        height: 14px;
        margin: var(--s3) 0;
        border-radius: 4px;
        background: var(--pressed);
      }
      .bone.short {
        width: 55%;
      }
      @media (max-width: 899.98px) {
        .scroll {
          padding: var(--s3);
          scrollbar-gutter: auto;
        }
      }
    `];#e=!0;#t=0;#n=new ResizeObserver(()=>this.#s());constructor(){super(),this.away=!1}watched(){let{talk:e}=this.store;return[e.entries,e.opening,e.problem,e.loadingOlder]}render(){let{talk:e}=this.store;return x`
      <div class="scroll" tabindex="0" role="region" aria-label="Conversation" @scroll=${()=>this.#c()}>
        <div class="column">${this.#r()}</div>
      </div>
      ${this.away&&e.entries.value.length>0?x`<button class="latest" type="button" @click=${()=>this.#l()}>${Z(`down`)} Jump to latest</button>`:w}
    `}#r(){let{talk:e}=this.store,t=e.entries.value;return e.problem.value!==void 0&&t.length===0?x`<p class="problem" role="alert">${e.problem.value.message}</p>`:e.opening.value?x`<div role="status" aria-label="Opening the conversation">
        <div class="bone short"></div>
        <div class="bone"></div>
        <div class="bone"></div>
        <div class="bone short"></div>
      </div>`:t.length===0?x`<soma-welcome .store=${this.store}></soma-welcome>`:x`
      ${e.hasOlder?x`<div class="older">
            <button class="plain" type="button" ?disabled=${e.loadingOlder.value} @click=${()=>void e.loadOlder()}>
              ${e.loadingOlder.value?`Reading older messages`:`Show older messages`}
            </button>
          </div>`:w}
      <ol>
        ${yi(t,e=>e.key,e=>x`<li><soma-message .store=${this.store} .entry=${e}></soma-message></li>`)}
      </ol>
    `}firstUpdated(){let e=this.renderRoot.querySelector(`.column`);e!==null&&this.#n.observe(e),this.#n.observe(this)}willUpdate(){let e=this.store.talk.entries.value,t=e.at(-1);e!==this.#i&&(t?.state===`waiting`||e.length===0||this.#i.length===0)&&(this.#e=!0),this.#a=e===this.#i?this.#a:e[0]?.key,this.#o=this.#i.length>0&&e.at(-1)===this.#i.at(-1)&&e[0]!==this.#i[0],this.#i=e}#i=[];#a;#o=!1;#s(){let e=this.#u;e!==null&&(this.#e?e.scrollTop=e.scrollHeight:this.#o&&=(e.scrollTop+=e.scrollHeight-this.#t,!1),this.#t=e.scrollHeight)}#c(){let e=this.#u;if(e===null)return;let t=e.scrollHeight-e.scrollTop-e.clientHeight;this.#e=t<Vi,this.away=!this.#e,this.away&&e.scrollTop<Hi&&this.store.talk.hasOlder&&this.store.talk.loadOlder()}#l(){this.#e=!0,this.away=!1,this.#s(),this.#u?.focus()}get#u(){return this.renderRoot.querySelector(`.scroll`)}};customElements.define(`soma-thread`,Ui);var Wi=65536,Gi=new TextEncoder,Ki=class extends X{static properties={draft:{state:!0}};static styles=[O,k,o`
      :host {
        display: block;
        padding: 1px var(--s5) var(--s3);
        overflow: hidden;
        scrollbar-gutter: stable both-edges;
      }
      form {
        display: flex;
        align-items: flex-end;
        gap: var(--s2);
        width: 100%;
        max-width: var(--column);
        margin: 0 auto;
        padding: 6px;
        border: 1px solid var(--outline);
        border-radius: 10px;
        background: var(--raised);
      }
      form:focus-within {
        border-color: var(--accent);
        outline: 1px solid var(--accent);
      }
      textarea {
        flex: 1;
        min-height: 32px;
        max-height: 40dvh;
        padding: var(--s1) var(--s2);
        border: 0;
        outline: none;
        background: none;
        resize: none;
        line-height: 1.6;
        field-sizing: content;
      }
      textarea:focus-visible {
        outline: none;
      }
      .hint {
        max-width: var(--column);
        margin: var(--s1) auto 0;
        padding: 0 var(--s2);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      .hint.bad {
        color: var(--bad);
      }
      @media (max-width: 899.98px) {
        :host {
          padding: 1px var(--s3) var(--s2);
          scrollbar-gutter: auto;
        }
        .hint:not(.bad) {
          display: none;
        }
      }
    `];constructor(){super(),this.draft=``}watched(){return[this.store.talk.running,this.store.talk.conversationId]}render(){let e=this.store.talk.running.value!==void 0,t=Gi.encode(this.draft).length,n=t>Wi;return x`<form @submit=${e=>this.#n(e)}>
        <textarea
          rows="1"
          aria-label="Message"
          placeholder="Write a message"
          autocomplete="off"
          aria-invalid=${n}
          .value=${this.draft}
          @input=${e=>this.draft=e.target.value}
          @keydown=${e=>this.#t(e)}
        ></textarea>
        ${e?x`<button class="icon" type="button" aria-label="Stop" title="Stop (Escape)" @click=${()=>this.store.talk.stop()}>
              ${Z(`stop`)}
            </button>`:x`<button class="main icon" type="submit" aria-label="Send" title="Send (Enter)" ?disabled=${n||this.draft.trim()===``}>
              ${Z(`up`)}
            </button>`}
      </form>
      ${this.#e(e,t)}`}#e(e,t){return t>Wi?x`<p class="hint bad" role="alert">
        A message may have 64 KiB of text; this one has ${Math.ceil(t/1024)} KiB. Shorten it or send it in parts.
      </p>`:e?x`<p class="hint"><kbd>Esc</kbd> stops the answer. What is written is kept.</p>`:this.store.talk.conversationId.value===``?x`<p class="hint"><kbd>Enter</kbd> sends, <kbd>Shift Enter</kbd> makes a new line.</p>`:w}focusField(){let e=this.renderRoot.querySelector(`textarea`);e?.focus(),e?.setSelectionRange(e.value.length,e.value.length)}firstUpdated(){this.store.layout.narrow.value||this.focusField()}#t(e){e.key===`Enter`&&!e.shiftKey&&!e.isComposing&&this.#n(e)}#n(e){e.preventDefault();let{talk:t}=this.store;t.running.value===void 0&&Gi.encode(this.draft).length<=Wi&&this.draft.trim()!==``&&(t.say(this.draft),this.draft=``)}};customElements.define(`soma-composer`,Ki);var qi=o`
  :host {
    display: block;
    font-size: var(--size-small);
  }
  section {
    margin-top: var(--s5);
  }
  section:first-child {
    margin-top: 0;
  }
  h2 {
    margin-bottom: var(--s2);
    font-size: var(--size-small);
  }
  h2 span {
    float: right;
    color: var(--ink-soft);
    font-weight: 400;
  }
  dl {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: var(--s1) var(--s4);
  }
  dt {
    color: var(--ink-soft);
  }
  dd {
    min-width: 0;
    overflow-wrap: anywhere;
    text-align: right;
  }
  .rows > li {
    padding: var(--s2) 0;
    border-top: 1px solid var(--hairline);
  }
  .rows > li:last-child {
    border-bottom: 1px solid var(--hairline);
  }
  .pair {
    display: flex;
    justify-content: space-between;
    gap: var(--s3);
  }
  .pair > :last-child {
    flex: none;
    color: var(--ink-soft);
  }
  .excerpt {
    display: -webkit-box;
    overflow: hidden;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 3;
    overflow-wrap: anywhere;
  }
  .notice,
  .problem {
    margin: var(--s2) 0;
  }
  svg.bar {
    width: 100%;
    overflow: visible;
  }
  svg .track {
    fill: var(--pressed);
  }
`,Ji={system_prompt:`The agent's instructions`,"policy/data":`The rule that data are not instructions`};function Yi(e,t){let n=e.items.filter(e=>e.lane===`memory`),r=e.items.filter(e=>e.lane!==`memory`),i=e.items.filter(e=>!e.kept).length;return x`
    ${n.length===0?w:x`<section aria-labelledby="memories">
          <h2 id="memories">Memories <span>${N(n.filter(e=>e.kept).length,`used`,`used`)}</span></h2>
          <ul class="rows">
            ${n.map(e=>Xi(e,t))}
          </ul>
        </section>`}
    <section aria-labelledby="items">
      <h2 id="items">Kept and left out <span>${i===0?`nothing left out`:`${M(i)} left out`}</span></h2>
      <ul class="rows">
        ${r.map(e=>Zi(e,t))}
      </ul>
    </section>
    ${ea(e.tools,e.tool_k)}
  `}function Xi(e,t){return x`<li>
    <div class="pair">
      <button class="link" type="button" @click=${()=>t.showMemory(e.item_id)}>
        Memory <code>${e.item_id.slice(-8)}</code>
      </button>
      <span>${M(e.tokens)} tokens</span>
    </div>
    ${$i(e)}
  </li>`}function Zi(e,t){let n=t.talk.entries.value.find(t=>t.messageId!==``&&t.messageId===e.item_id);return x`<li>
    <div class="pair"><span>${e.lane===`user_message`?`Your message`:Ji[e.item_id]??Qi(e)}</span><span>${M(e.tokens)} tokens</span></div>
    ${n===void 0?w:x`<p class="quiet excerpt">${n.text.slice(0,240)}</p>`} ${$i(e)}
  </li>`}function Qi(e){return e.lane===`history`?`An earlier message`:e.lane===`tools`?`Tool ${e.item_id}`:pt(ft(e.lane))}function $i(e){let t=e.truncated_tokens>0?`, cut by ${M(e.truncated_tokens)} tokens`:``,n=e.reason===``?``:`: ${e.reason}`;return x`<p class="quiet">${e.kept?`Kept`:`Left out`}${n}${t}</p>`}function ea(e,t){return e.length===0?w:x`<section aria-labelledby="tools">
    <h2 id="tools">Tools <span>at most ${t} on offer</span></h2>
    <ul class="rows">
      ${e.map(e=>x`<li>
          <div class="pair"><code>${e.name}</code><span>${e.chosen?`offered`:`not offered`}</span></div>
          <p class="quiet">
            relevance ${e.relevance.toFixed(2)}, succeeds in ${Math.round(100*e.success_rate)} %${e.reason===``?``:`; ${e.reason}`}
          </p>
        </li>`)}
    </ul>
  </section>`}var ta=[`system_policy`,`history`,`memory`,`tools`,`tool_results`,`buffer`],na=o`
  .lane {
    display: grid;
    grid-template-columns: 96px 1fr 92px;
    align-items: center;
    gap: var(--s2);
    min-height: 24px;
  }
  .lane .plan {
    fill: none;
    stroke: var(--lane);
    stroke-width: 1;
  }
  .lane .use {
    fill: var(--lane);
  }
  .system_policy {
    --lane: var(--lane-system-policy);
  }
  .history {
    --lane: var(--lane-history);
  }
  .memory {
    --lane: var(--lane-memory);
  }
  .tools {
    --lane: var(--lane-tools);
  }
  .tool_results {
    --lane: var(--lane-tool-results);
  }
  .buffer {
    --lane: var(--lane-buffer);
  }
`;function ra(e){let{lanes_planned:t,lanes_used:n}=e,r=Math.max(1,...ta.flatMap(e=>[t?.[e]??0,n?.[e]??0]));return x`<section aria-labelledby="lanes">
    <h2 id="lanes">Lanes <span>used of planned tokens</span></h2>
    <ul>
      ${ta.map(e=>ia(e,t?.[e]??0,n?.[e]??0,r))}
    </ul>
  </section>`}function ia(e,t,n,r){return x`<li class=${`lane ${e}`}>
    <span>${ft(e)}</span>
    <svg class="bar" height="12" aria-hidden="true">
      ${n>0?S`<rect class="use" y="0.5" width=${aa(n,r)} height="11" rx="2"></rect>`:``}
      ${t>0?S`<rect class="plan" x="0.5" y="0.5" width=${aa(t,r)} height="11" rx="2"></rect>`:``}
    </svg>
    <span class="number">${t===0&&n===0?x`<span class="quiet">none</span>`:`${M(n)} / ${M(t)}`}</span>
  </li>`}function aa(e,t){return`${(100*e/t).toFixed(2)}%`}var oa=o`
  .phase {
    display: grid;
    grid-template-columns: 96px 1fr 64px;
    align-items: center;
    gap: var(--s2);
    min-height: 24px;
  }
  .phase rect.took {
    fill: var(--accent);
  }
`;function sa(e){if(e.length===0)return``;let t=[...e].sort((e,t)=>e.start_milliseconds-t.start_milliseconds),n=Math.max(...e.map(e=>e.start_milliseconds+e.duration_milliseconds));return x`<section aria-labelledby="time">
    <h2 id="time">Time <span>${dt(n)} from start to end</span></h2>
    <ol>
      ${t.map(e=>ca(e,n))}
    </ol>
  </section>`}function ca(e,t){let n=100*e.start_milliseconds/t,r=Math.max(.6,100*e.duration_milliseconds/t);return x`<li class="phase" title=${`begins after ${dt(e.start_milliseconds)}`}>
    <span>${ft(e.phase)}</span>
    <svg class="bar" height="10" aria-hidden="true">
      <rect class="track" y="4" width="100%" height="2"></rect>
      <rect class="took" x=${`${Math.min(n,99.4).toFixed(2)}%`} width=${`${r.toFixed(2)}%`} height="10" rx="2"></rect>
    </svg>
    <span class="number">${dt(e.duration_milliseconds)}</span>
  </li>`}var la=class extends X{static styles=[O,k,A,qi,na,oa,o`
      .figures {
        display: grid;
        grid-template-columns: auto auto auto auto;
        gap: 0;
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
      }
      .figures div {
        padding: var(--s2) var(--s1);
        text-align: center;
      }
      .figures div + div {
        border-left: 1px solid var(--hairline);
      }
      .figures dt {
        font-size: var(--size-tiny);
        white-space: nowrap;
      }
      .figures dd {
        font-size: 14px;
        font-weight: 600;
        text-align: center;
        white-space: nowrap;
      }
    `];watched(){let{receipts:e}=this.store;return[e.shown,e.problem,e.wanted]}connectedCallback(){super.connectedCallback();let{receipts:e,talk:t}=this.store,n=t.entries.value.findLast(e=>e.receiptId!==``&&!e.running);e.wanted.value===``&&n!==void 0&&e.show(n.receiptId)}render(){let{shown:e,problem:t,wanted:n}=this.store.receipts;return t.value===void 0?e.value===void 0?n.value===``?x`<p class="quiet">The line under an answer opens its receipt: what the turn was allowed, what it used, and why.</p>`:w:this.#e(e.value):x`<p class="problem" role="alert">${t.value.message}</p>`}#e(e){let t=e.level_reasons??[];return x`
      ${ua(e)}
      ${t.map(e=>x`<p class="notice warn"><strong>${ht(e.level)}</strong> ${e.sentence} <span class="quiet">(${e.source})</span></p>`)}
      ${e.features_off.length>0?x`<p class="notice">Switched off: ${e.features_off.join(`, `)}.</p>`:w}
      ${ra(e)}
      ${sa(e.phases??[])} ${Yi(e,this.store)} ${fa(e)} ${pa(e.legs??[])}
      ${ma(e)} ${ha(e)}
    `}};function ua(e){let t=e.phases.find(e=>e.phase===`first_token`),n=t===void 0?`–`:dt(t.start_milliseconds+t.duration_milliseconds);return x`<dl class="figures">
    ${[[`Level`,ht(e.level)],[`Tokens`,e.usage===void 0?`–`:M(da(e.usage))],[`Cost`,e.settle_time===void 0?`–`:ut(e.cost_micros)],[`First token`,n]].map(([e,t])=>x`<div><dt>${e}</dt><dd>${t}</dd></div>`)}
  </dl>`}function da(e){return e.input_tokens+e.output_tokens}function fa(e){let{modulation:t}=e;if(t===void 0)return w;let n=t.effects.filter(e=>!e.switched_off&&e.before!==e.after),r=t.neutral?`The state was not asked: the usual settings were used.`:`Its state changed nothing.`;return x`<section aria-labelledby="state">
    <h2 id="state">What its state changed</h2>
    ${n.length===0?x`<p class="quiet">${r}</p>`:x`<ul class="rows">
          ${n.map(e=>x`<li>${e.sentence}</li>`)}
        </ul>`}
  </section>`}function pa(e){return e.length===0?w:x`<section aria-labelledby="legs">
    <h2 id="legs">Model calls</h2>
    <ol class="rows">
      ${e.map(e=>x`<li>
          <div class="pair"><span>${e.leg}. ${e.model}</span><span>${ut(e.cost_micros)}</span></div>
          <p class="quiet">
            ${e.usage===void 0?``:`${M(e.usage.input_tokens)} in, ${M(e.usage.output_tokens)} out${e.usage.estimated?`, counted here`:``}; `}ended
            with ${ft(e.finish_reason)}
          </p>
        </li>`)}
    </ol>
  </section>`}function ma(e){let{aiq_predicted:t,aiq_observed:n}=e;if(t===void 0&&n===void 0)return w;let r=e=>e===void 0?`none`:e.toFixed(0);return x`<section aria-labelledby="aiq">
    <h2 id="aiq">Intelligence quotient of the turn <span>of 100</span></h2>
    <ul class="rows">
      ${t===void 0?w:x`<li>
            <div class="pair"><span>Predicted</span><span>${r(t.value)}</span></div>
            <p class="quiet">
              context ${r(t.context_quality)}, tools ${r(t.tool_relevance)}, budget ${r(t.budget_efficiency)}
            </p>
          </li>`}
      ${n===void 0?w:x`<li>
            <div class="pair"><span>Observed</span><span>${r(n.value)}</span></div>
            <p class="quiet">
              response ${r(n.response_quality)}, tools ${r(n.tool_success)}, tokens ${r(n.token_efficiency)}
            </p>
          </li>`}
    </ul>
  </section>`}function ha(e){let{usage:t,outcome:n}=e;return x`<section>
    <h2>Facts</h2>
    <dl>${[[`Model`,e.model],[`Input`,t===void 0?`–`:`${M(t.input_tokens)} tokens`],[`Output`,t===void 0?`–`:`${M(t.output_tokens)} tokens`],[`Ended with`,n===void 0?`not settled yet`:ft(n.error_reason||n.finish_reason)],[`Plan`,`${mt(e.path,`PLAN_PATH_`)}, rules ${e.plan_version}`],[`Planned`,e.plan_time===void 0?`–`:_t(e.plan_time)],[`Receipt`,x`<code>${e.receipt_id}</code>`],[`Turn`,x`<code>${e.turn_id}</code>`]].map(([e,t])=>x`<dt>${e}</dt><dd>${t}</dd>`)}</dl>
  </section>`}customElements.define(`soma-receipt`,la);var ga={dopamine:`reward and drive`,serotonin:`calm and patience`,noradrenaline:`urgency`,acetylcholine:`attention to what is new`},_a=o`
  .gauge {
    padding: var(--s3) 0;
    border-top: 1px solid var(--hairline);
  }
  .gauge:last-of-type {
    border-bottom: 1px solid var(--hairline);
  }
  .gauge .pair {
    align-items: baseline;
  }
  .gauge strong {
    color: var(--ink);
    font-size: var(--size);
    font-weight: 600;
  }
  .gauge .scale {
    margin: var(--s1) 0;
  }
  .gauge .away {
    fill: var(--accent);
  }
  .gauge .value {
    fill: var(--accent);
    stroke: var(--ground);
    stroke-width: 2;
  }
  .gauge .rest {
    stroke: var(--ink-soft);
    stroke-width: 1.5;
  }
  .gauge .history {
    width: 72px;
    color: var(--accent);
  }
  .gauge .ends {
    display: flex;
    justify-content: space-between;
    color: var(--ink-soft);
    font-size: var(--size-tiny);
  }
  .gauge ul {
    margin-top: var(--s2);
  }
  .gauge li {
    color: var(--ink-soft);
  }
  .gauge li.moved {
    color: var(--ink);
  }
`;function va(e,t,n){let{name:r,value:i,baseline:a,minimum:o,maximum:s}=e,c=e=>100*(e-o)/(s-o),[l,u]=[Math.min(c(i),c(a)),Math.max(c(i),c(a))],d=t.filter(e=>e.sentence.toLowerCase().includes(r));return x`<div class="gauge">
    <div class="pair">
      <h2>${pt(r)} <small class="quiet">${ga[r]??``}</small></h2>
      <strong>${i.toFixed(3)}</strong>
    </div>
    <svg class="bar scale" height="16" role="img" aria-label=${`${i.toFixed(3)}, baseline ${a}, from ${o} to ${s}`}>
      <rect class="track" y="6" width="100%" height="4" rx="2"></rect>
      <rect class="away" x=${`${l}%`} y="6" width=${`${u-l}%`} height="4"></rect>
      <line class="rest" x1=${`${c(a)}%`} x2=${`${c(a)}%`} y1="1" y2="15"></line>
      <circle class="value" cx=${`${c(i)}%`} cy="8" r="6"></circle>
    </svg>
    <div class="ends"><span>${o}</span>${ya(n,o,s)}<span>${s}</span></div>
    <ul>
      ${d.map(e=>x`<li class=${e.before===e.after||e.switched_off?``:`moved`}>
          ${e.sentence}${e.switched_off?` Switched off.`:``}
        </li>`)}
    </ul>
  </div>`}function ya(e,t,n){if(e.length<2)return w;let r=e.map((r,i)=>{let a=72*i/(e.length-1),o=15-14*(r-t)/(n-t);return`${a.toFixed(1)},${o.toFixed(1)}`});return x`<svg class="history" width="72" height="16" role="img" aria-label=${`History of ${e.length-1} changes`}>
    ${S`<polyline points=${r.join(` `)} fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round"></polyline>`}
  </svg>`}var ba=5e3,xa=class extends X{static styles=[O,k,A,qi,_a,o`
      .gauge h2 {
        margin: 0;
      }
      small {
        font-size: inherit;
        font-weight: 400;
      }
      .more {
        margin-top: var(--s2);
      }
    `];#e;watched(){let{mind:e,talk:t}=this.store;return[e.state,e.changes,e.problem,t.conversationId]}connectedCallback(){super.connectedCallback(),this.#t(),this.#e=setInterval(()=>{document.hidden||this.#t()},ba)}disconnectedCallback(){super.disconnectedCallback(),clearInterval(this.#e)}#t(){return this.store.mind.load(this.store.talk.agentId)}render(){let{mind:e}=this.store,{value:t}=e.state,n=e.problem.value===void 0?w:x`<p class="problem" role="alert">${e.problem.value.message}</p>`;return t===void 0?n:x`
      ${n}
      <section aria-label="State">${t.states.map(n=>va(n,t.effects,e.history(n.name)))}</section>
      <section aria-labelledby="moved">
        <h2 id="moved">What moved this <span>state ${t.state_version}</span></h2>
        ${this.#n()}
      </section>
    `}#n(){let{mind:e}=this.store;return e.changes.value.length===0?x`<p class="quiet">Nothing yet: every value is at its baseline. A turn moves them.</p>`:x`<ul class="rows">
        ${e.changes.value.map(e=>this.#r(e))}
      </ul>
      ${e.hasMore?x`<button class="plain more" type="button" @click=${()=>void e.loadMore()}>Show older</button>`:w}`}#r(e){let t=new Date(e.time);return x`<li>
      <div class="pair">
        <span>${pt(e.name)} ${e.before.toFixed(3)} → ${e.after.toFixed(3)}</span>
        <time datetime=${e.time} title=${vt(e.time)}>${gt(t)}</time>
      </div>
      <div class="pair">
        <span class="quiet">${pt(e.cause)}</span>
        ${e.turn_id===``?w:x`<button class="link" type="button" @click=${()=>this.store.showReceipt(e.turn_id)}>
              its turn<span class="unseen"> of ${gt(t)}: ${e.cause}</span>
            </button>`}
      </div>
    </li>`}};customElements.define(`soma-mind`,xa);var Sa=class extends X{static properties={memory:{attribute:!1},hit:{attribute:!1},open:{state:!0}};static styles=[O,k,A,qi,o`
      :host {
        padding: var(--s3) 0;
        border-top: 1px solid var(--hairline);
      }
      .text {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .text.cut {
        display: -webkit-box;
        white-space: pre-wrap;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 4;
      }
      .score {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: 0 var(--s5);
        margin: var(--s2) 0;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      .score div {
        display: grid;
        grid-template-columns: 64px 1fr 28px;
        align-items: center;
        gap: var(--s2);
      }
      .score .took {
        fill: var(--lane-memory);
      }
      .foot {
        display: flex;
        align-items: center;
        gap: var(--s1);
        margin-top: var(--s1);
      }
      .foot > span {
        flex: 1;
      }
      .foot button {
        min-height: 26px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      dl {
        margin: var(--s2) 0;
      }
    `];constructor(){super(),this.open=!1}render(){let{memory:e,hit:t}=this,n=mt(e.source_class,`SOURCE_CLASS_`);return x`
      <p class=${this.open?`text`:`text cut`}>${e.text}</p>
      ${t===void 0?w:Ca(t)}
      <div class="foot">
        <span class="quiet tiny">${mt(e.kind,`MEMORY_KIND_`)} · ${n}</span>
        <button class="plain" type="button" aria-expanded=${this.open} @click=${()=>this.open=!this.open}>Details</button>
        <button class="plain" type="button" @click=${()=>void this.#e()}>Forget</button>
      </div>
      ${this.open?wa(e):w}
    `}async#e(){let{memory:e}=this,t=e.access_count===0?`It was never recalled`:`It was recalled ${N(e.access_count,`time`)}`;if(await ei({title:`Forget this memory?`,text:`“${e.text.slice(0,160)}” will be deleted for good, with its vector and its words in the search. ${t}; answers that used it and their receipts stay as they are.`,act:`Forget it`})){try{await this.store.memories.forget(e)}catch(e){this.store.memories.problem.value=j(e)}this.store.layout.announce(this.store.memories.report.value)}}};function Ca(e){let{vector:t,lexical:n,recency:r,importance:i}=e.parts,a=[[`meaning`,t],[`words`,n],[`recency`,r],[`weight`,i]];return x`<div class="score" role="group" aria-label=${`Score ${e.score.toFixed(2)}`}>
    ${a.map(([e,t])=>x`<div>
        <span>${e}</span>
        <svg class="bar" height="4" aria-hidden="true">
          <rect class="track" width="100%" height="4" rx="2"></rect>
          <rect class="took" width=${`${100*Math.min(1,Math.max(0,t??0))}%`} height="4" rx="2"></rect>
        </svg>
        <span class="number">${t===void 0?`–`:t.toFixed(2)}</span>
      </div>`)}
  </div>`}function wa(e){return x`<dl>
    ${[[`Learned`,_t(e.learn_time)],[`Lives with`,e.namespace],[`About`,e.subject],[`Said by`,e.speaker],[`Trust`,e.trust.toFixed(2)],[`Importance`,e.importance.toFixed(2)],[`Recalled`,N(e.access_count,`time`)],[`Size`,N(e.token_count,`token`)],[`Labels`,e.tags.join(`, `)],[`Search`,e.index_state===`INDEX_STATE_INDEXED`?`by meaning and words`:`by words, until the index caught up`],[`Id`,x`<code>${e.memory_id}</code>`]].filter(([,e])=>e!==``).map(([e,t])=>x`<dt>${e}</dt><dd>${t}</dd>`)}
  </dl>`}customElements.define(`soma-memory-card`,Sa);var Ta=150,Ea=[[`MEMORY_KIND_EPISODIC`,`episodic`],[`MEMORY_KIND_SEMANTIC`,`semantic`],[`MEMORY_KIND_PROCEDURAL`,`procedural`]],Da=class extends X{static properties={refused:{state:!0}};static styles=[O,k,A,qi,o`
      .narrow {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s2);
        margin: var(--s2) 0 var(--s4);
      }
      select {
        min-height: 28px;
        padding: 0 var(--s1);
        font-size: var(--size-tiny);
      }
      label {
        display: flex;
        align-items: center;
        gap: var(--s1);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      label input {
        min-height: 0;
        accent-color: var(--accent);
      }
      details {
        margin-top: var(--s5);
      }
      summary {
        width: fit-content;
        color: var(--accent);
        cursor: pointer;
      }
      form {
        display: grid;
        gap: var(--s2);
        margin-top: var(--s2);
      }
      textarea {
        min-height: 72px;
        resize: vertical;
      }
      form div {
        display: flex;
        justify-content: space-between;
        gap: var(--s2);
      }
    `];#e;constructor(){super(),this.refused=``}watched(){let{memories:e,talk:t}=this.store;return[e.found,e.problem,e.filters,e.wanted,e.report,e.query,t.conversationId]}render(){let{memories:e}=this.store,{value:t}=e.wanted;return x`
      <div class="filter">
        ${Z(`search`)}
        <input
          type="search"
          aria-label="Search memories"
          placeholder="Search what is remembered"
          .value=${e.query.value}
          @input=${e=>this.#i(e.target.value)}
        />
      </div>
      ${this.#t()}
      ${e.report.value===``?w:x`<p class="notice" role="status">${e.report.value}</p>`}
      ${e.problem.value===void 0?w:x`<p class="problem" role="alert">${e.problem.value.message}</p>`}
      ${t===void 0?w:x`<soma-memory-card .store=${this.store} .memory=${t}></soma-memory-card>`}
      ${this.#n()} ${this.#r()}
    `}#t(){let{filters:e}=this.store.memories,{value:t}=e,n=this.store.talk.conversationId.value;return x`<div class="narrow">
      <select aria-label="Kind" @change=${e=>this.#a({kinds:Oa(e)===``?[]:[Oa(e)]})}>
        <option value="" ?selected=${t.kinds.length===0}>every kind</option>
        ${Ea.map(([e,n])=>x`<option value=${e} ?selected=${t.kinds.includes(e)}>${n}</option>`)}
      </select>
      <select aria-label="Importance" @change=${e=>this.#a({min_importance:Number(Oa(e))})}>
        ${[0,.5,.7,.9].map(e=>x`<option value=${e} ?selected=${t.min_importance===e}>
            ${e===0?`any importance`:`importance ≥ ${e}`}
          </option>`)}
      </select>
      ${n===``?w:x`<label>
            <input
              type="checkbox"
              .checked=${t.conversation_id===n}
              @change=${e=>this.#a({conversation_id:e.target.checked?n:``})}
            />
            of this conversation
          </label>`}
    </div>`}#n(){let{value:e}=this.store.memories.found;return e===void 0?this.store.memories.wanted.value===void 0?x`<p class="quiet">Type what it is about: memories are found by meaning and by words.</p>`:w:x`
      ${e.degraded_reasons.map(e=>x`<p class="notice warn">${e}</p>`)}
      <p class="quiet" role="status">
        ${e.hits.length===0?`Nothing that is remembered fits.`:`${N(e.hits.length,`memory`,`memories`)}, the best first.`}
      </p>
      ${yi(e.hits,e=>e.memory.memory_id,e=>x`<soma-memory-card .store=${this.store} .memory=${e.memory} .hit=${e}></soma-memory-card>`)}
    `}#r(){return x`<details>
      <summary>Keep something</summary>
      <form @submit=${e=>void this.#o(e)}>
        <textarea name="text" required maxlength="8000" aria-label="What to remember" placeholder="One thing, in one sentence"></textarea>
        <div>
          <select name="kind" aria-label="Kind of the new memory">
            ${Ea.map(([e,t])=>x`<option value=${e} ?selected=${t===`semantic`}>${t}</option>`)}
          </select>
          <button class="main" type="submit">Keep it</button>
        </div>
        ${this.refused===``?w:x`<p class="problem" role="alert">${this.refused}</p>`}
      </form>
    </details>`}#i(e){this.store.memories.query.value=e,this.store.memories.wanted.value=void 0,this.store.memories.report.value=``,clearTimeout(this.#e),this.#e=setTimeout(()=>void this.store.memories.search(),Ta)}#a(e){let{filters:t}=this.store.memories;t.value={...t.value,...e},this.store.memories.search()}async#o(e){e.preventDefault();let t=e.target,n=new FormData(t);try{await this.store.memories.add(String(n.get(`text`)),String(n.get(`kind`))),this.refused=``,t.reset(),this.store.layout.announce(this.store.memories.report.value)}catch(e){this.refused=j(e).message}}};function Oa(e){return e.target.value}customElements.define(`soma-memory`,Da);var ka=class extends X{static styles=[O,k,o`
      :host {
        display: grid;
        grid-template: var(--bar) minmax(0, 1fr) / minmax(0, 1fr);
        min-height: 0;
        background: var(--ground);
      }
      .top {
        display: flex;
        align-items: center;
        gap: var(--s2);
        padding: 0 var(--s2) 0 var(--s3);
        border-bottom: 1px solid var(--hairline);
      }
      [role="tablist"] {
        display: flex;
        flex: 1;
        align-self: stretch;
      }
      [role="tab"] {
        height: 100%;
        padding: 0 var(--s3);
        border: 0;
        border-radius: 0;
        background: none !important;
        color: var(--ink-soft);
        font-size: var(--size-small);
      }
      [role="tab"]:hover {
        color: var(--ink);
      }
      [role="tab"][aria-selected="true"] {
        box-shadow: inset 0 -2px var(--accent);
        color: var(--ink);
        font-weight: 600;
      }
      [role="tabpanel"] {
        padding: var(--s4);
        overflow-y: auto;
      }
      [role="tabpanel"]:focus-visible,
      [role="tab"]:focus-visible {
        outline-offset: -2px;
      }
    `];watched(){return[this.store.layout.tab]}render(){let{layout:e}=this.store,{value:t}=e.tab;return x`
      <div class="top">
        <div role="tablist" aria-label="About this conversation" @keydown=${e=>this.#t(e)}>
          ${F.map(n=>x`<button
              role="tab"
              type="button"
              id=${`tab-${n}`}
              aria-selected=${n===t}
              aria-controls="panel"
              tabindex=${n===t?0:-1}
              @click=${()=>e.openDrawer(n)}
            >
              ${pt(n)}
            </button>`)}
        </div>
        <button class="plain icon" type="button" aria-label="Close" title="Close (Escape)" @click=${()=>e.closeDrawer()}>
          ${Z(`close`)}
        </button>
      </div>
      <div id="panel" role="tabpanel" tabindex="0" aria-labelledby=${`tab-${t}`}>${this.#e(t)}</div>
    `}#e(e){switch(e){case`receipt`:return x`<soma-receipt .store=${this.store}></soma-receipt>`;case`mind`:return x`<soma-mind .store=${this.store}></soma-mind>`;case`memory`:return x`<soma-memory .store=${this.store}></soma-memory>`}}#t(e){let t=e.key===`ArrowRight`?1:e.key===`ArrowLeft`?F.length-1:0,n=F[(F.indexOf(this.store.layout.tab.value)+t)%F.length];t!==0&&n!==void 0&&(e.preventDefault(),this.store.layout.openDrawer(n),this.updateComplete.then(()=>this.renderRoot.querySelector(`#tab-${n}`)?.focus()))}};customElements.define(`soma-drawer`,ka);var Aa={connecting:`Connecting`,connected:`Connected`,lost:`Reconnecting.`,locked:`This browser has no session. Open the page on the machine that runs the mesh.`},ja={system:`half`,light:`sun`,dark:`moon`},Ma=class extends X{static styles=[O,k,o`
      :host {
        display: flex;
        align-items: center;
        gap: var(--s4);
        min-height: 30px;
        padding: 0 var(--s2) 0 var(--s4);
        border-top: 1px solid var(--hairline);
        background: var(--sunken);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        white-space: nowrap;
      }
      .link::before {
        content: "";
        display: inline-block;
        width: 7px;
        height: 7px;
        margin-right: 6px;
        border: 1px solid var(--outline);
        border-radius: 50%;
      }
      .link.connected::before {
        border-color: var(--accent);
        background: var(--accent);
      }
      .link.lost,
      .link.locked,
      .bad {
        color: var(--bad);
      }
      .link.lost,
      .link.locked {
        min-width: 0;
        white-space: normal;
      }
      .link.lost::before,
      .link.locked::before {
        border-color: var(--bad);
      }
      .end {
        margin-left: auto;
      }
      .cut {
        min-width: 0;
      }
      button.plain {
        min-height: 24px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      @media (max-width: 560px) {
        :host {
          gap: var(--s3);
          padding-left: var(--s3);
        }
        .services,
        .model,
        .theme span {
          display: none;
        }
      }
    `];watched(){let{mesh:e,talk:t,layout:n}=this.store;return[e.link,e.level,e.usedModel,e.models,e.budget,e.services,t.running,n.theme]}render(){let{mesh:e,layout:t}=this.store,n=Object.entries(e.services.value).filter(([,e])=>e===`down`),r=t.theme.value;return x`
      <span class=${`link ${e.link.value}`} role="status">${this.#e()}</span>
      ${n.length>0?x`<span class="bad services">${n.map(([e])=>e).join(`, `)} down</span>`:w}
      ${e.level.value===``?w:x`<span class=${e.level.value===`L0`?``:`bad`}>Level ${e.level.value}</span>`}
      ${e.model===``?w:x`<span class="cut model">${e.model}</span>`}
      <span class="end cut">${this.#t()}</span>
      <button
        class="plain theme"
        type="button"
        aria-label=${`Theme: ${r}. Change it.`}
        @click=${()=>t.nextTheme()}
      >
        ${Z(ja[r])} <span>${r}</span>
      </button>
    `}#e(){let{mesh:e,talk:t}=this.store;return e.link.value===`lost`&&t.running.value!==void 0?`Reconnecting. The answer goes on without you.`:Aa[e.link.value]}#t(){let e=this.store.mesh.budget.value;if(e===void 0)return``;let t=Number(e.limit_tokens)-Number(e.used_tokens)-Number(e.held_tokens),n=Number(e.limit_micros)-Number(e.used_micros)-Number(e.held_micros),r=[Number(e.limit_tokens)>0?`${lt(Math.max(0,t))} tokens`:``,Number(e.limit_micros)>0?n>0?ut(n):`$0`:``].filter(e=>e!==``);return r.length===0?``:`${r.join(`, `)} left today`}};customElements.define(`soma-foot`,Ma);var Na=[[`system`,`Follow the system's light or dark`],[`light`,`Light`],[`dark`,`Dark`]];function Pa(e){return[...Fa(e),...Ia(e),...La(e),...Ra(e)]}function Fa(e){let{layout:t,talk:n}=e,r=[{name:`New chat`,group:`Do`,keys:`Alt N`,run:()=>e.newChat()}];return n.running.value!==void 0&&r.push({name:`Stop the answer`,group:`Do`,keys:`Esc`,run:()=>n.stop()}),F.forEach((e,n)=>{r.push({name:`Open ${pt(e)}`,group:`Do`,keys:`Alt ${n+1}`,run:()=>t.openDrawer(e)})}),t.drawerOpen.value&&r.push({name:`Close the drawer`,group:`Do`,keys:`Esc`,run:()=>t.closeDrawer()}),r}function Ia(e){return Na.map(([t,n])=>({name:n,group:`Theme`,keys:``,run:()=>e.layout.setTheme(t)}))}function La(e){let{value:t}=e.mesh.agents;return t.length<2?[]:t.map(t=>({name:`New chat with ${t.name}`,group:`Agent`,keys:``,run:()=>{e.newChat(),e.talk.agentId=t.agent_id}}))}function Ra(e){return(e.chats.list.value??[]).map(t=>({name:t.title||`Untitled chat`,group:`Go to`,keys:``,run:()=>e.openChat(t.conversation_id)}))}function za(e,t){let n=t.toLowerCase().split(/\s+/).filter(e=>e!==``),r=e=>{let t=`${e.group} ${e.name}`.toLowerCase();return n.every(e=>t.includes(e))},i=n[0]??``,a=e=>+!e.name.toLowerCase().startsWith(i);return e.filter(r).sort((e,t)=>a(e)-a(t))}var Ba=50,Va=class extends X{static properties={text:{state:!0},chosen:{state:!0}};static styles=[O,k,o`
      dialog {
        width: min(560px, calc(100vw - 24px));
        max-height: min(480px, 80dvh);
        margin: 12dvh auto auto;
        padding: 0;
        border: 1px solid var(--outline);
        border-radius: 10px;
        background: var(--raised);
        color: var(--ink);
        overflow: hidden;
      }
      dialog[open] {
        display: flex;
        flex-direction: column;
      }
      dialog::backdrop {
        background: var(--veil);
      }
      input {
        width: 100%;
        min-height: 48px;
        padding: 0 var(--s4);
        border: 0;
        border-bottom: 1px solid var(--hairline);
        border-radius: 0;
        background: none;
      }
      input:focus-visible {
        outline: none;
      }
      [role="listbox"] {
        padding: var(--s2);
        overflow-y: auto;
      }
      [role="option"] {
        display: flex;
        align-items: center;
        gap: var(--s3);
        min-height: 34px;
        padding: 0 var(--s2);
        border-radius: var(--corner);
        cursor: pointer;
      }
      [role="option"][aria-selected="true"] {
        background: var(--accent-soft);
        box-shadow: inset 2px 0 var(--accent);
      }
      [role="option"] .group {
        flex: none;
        width: 56px;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      [role="option"] .cut {
        flex: 1;
      }
      p {
        padding: var(--s4);
      }
    `];#e=[];constructor(){super(),this.text=``,this.chosen=0}connectedCallback(){super.connectedCallback(),this.#e=Pa(this.store)}firstUpdated(){this.renderRoot.querySelector(`dialog`)?.showModal()}updated(){this.renderRoot.querySelector(`[aria-selected="true"]`)?.scrollIntoView({block:`nearest`})}render(){let e=this.#t();return x`<dialog
      aria-label="Commands"
      @close=${()=>this.store.layout.paletteOpen.value=!1}
      @click=${e=>this.#o(e)}
    >
      <input
        role="combobox"
        aria-label="Command"
        aria-expanded="true"
        aria-controls="list"
        aria-activedescendant=${e.length===0?w:`option-${this.chosen}`}
        placeholder="Go to a chat, or do something"
        autocomplete="off"
        autofocus
        .value=${this.text}
        @input=${e=>this.#r(e.target.value)}
        @keydown=${t=>this.#i(t,e)}
      />
      ${e.length===0?x`<p class="quiet" role="status">No command and no chat is called so.</p>`:x`<div id="list" role="listbox" aria-label="Commands">${e.map((e,t)=>this.#n(e,t))}</div>`}
    </dialog>`}#t(){return za(this.#e,this.text).slice(0,Ba)}#n(e,t){return x`<div
      id=${`option-${t}`}
      role="option"
      aria-selected=${t===this.chosen}
      @mousemove=${()=>this.chosen=t}
      @click=${()=>this.#a(e)}
    >
      <span class="group">${e.group}</span><span class="cut">${e.name}</span>
      ${e.keys===``?w:x`<kbd>${e.keys}</kbd>`}
    </div>`}#r(e){this.text=e,this.chosen=0}#i(e,t){let n=e.key===`ArrowDown`?1:e.key===`ArrowUp`?-1:0,r=t[this.chosen];n!==0&&t.length>0?(e.preventDefault(),this.chosen=(this.chosen+n+t.length)%t.length):e.key===`Enter`&&r!==void 0&&(e.preventDefault(),this.#a(r))}#a(e){this.renderRoot.querySelector(`dialog`)?.close(),e.run()}#o(e){e.target===e.currentTarget&&this.renderRoot.querySelector(`dialog`)?.close()}};customElements.define(`soma-palette`,Va);var Ha=class extends X{static styles=[O,k,o`
      :host {
        display: grid;
        grid-template: minmax(0, 1fr) auto / var(--rail) minmax(0, 1fr) auto;
        grid-template-areas: "rail talk drawer" "foot foot foot";
        height: 100dvh;
      }
      soma-rail {
        grid-area: rail;
        border-right: 1px solid var(--hairline);
      }
      main {
        grid-area: talk;
        display: grid;
        grid-template: var(--bar) minmax(0, 1fr) auto / minmax(0, 1fr);
        min-width: 0;
      }
      soma-drawer {
        grid-area: drawer;
        width: var(--drawer);
        border-left: 1px solid var(--hairline);
      }
      soma-foot {
        grid-area: foot;
      }
      .skip {
        position: fixed;
        z-index: 5;
        top: var(--s2);
        left: var(--s2);
        transform: translateY(-64px);
      }
      .skip:focus {
        transform: none;
      }
      .veil {
        position: fixed;
        z-index: 2;
        inset: 0;
        border: 0;
        border-radius: 0;
        background: var(--veil);
      }
      @media (max-width: 1179.98px) {
        :host {
          grid-template-columns: 224px minmax(0, 1fr) auto;
        }
        soma-drawer {
          width: 336px;
        }
      }
      @media (max-width: 899.98px) {
        :host {
          grid-template-columns: minmax(0, 1fr);
          grid-template-areas: "talk" "foot";
        }
        soma-rail,
        soma-drawer {
          position: fixed;
          z-index: 3;
          inset: 0 auto 0 0;
          width: min(var(--rail), 86vw);
          background: var(--ground);
        }
        soma-drawer {
          inset: 0 0 0 auto;
          width: min(420px, 100vw);
        }
      }
    `];constructor(){super(),this.store=new Zr}watched(){let{layout:e}=this.store;return[e.narrow,e.railOpen,e.drawerOpen,e.paletteOpen,e.said]}connectedCallback(){super.connectedCallback(),addEventListener(`keydown`,this.#a),this.store.start()}disconnectedCallback(){super.disconnectedCallback(),removeEventListener(`keydown`,this.#a)}render(){let{store:e}=this,{narrow:t,railOpen:n,drawerOpen:r,paletteOpen:i,said:a}=e.layout,o=t.value&&(n.value||r.value);return x`
      <button class="skip" type="button" @click=${()=>this.focusComposer()}>Go to the message box</button>
      <soma-rail role="navigation" aria-label="Conversations" .store=${e} ?hidden=${t.value&&!n.value}></soma-rail>
      <main ?inert=${o}>
        <soma-head .store=${e}></soma-head>
        <soma-thread .store=${e} @soma-ask=${e=>this.#r(e.detail)}></soma-thread>
        <soma-composer .store=${e}></soma-composer>
      </main>
      ${r.value?x`<soma-drawer role="complementary" aria-label="Drawer" .store=${e}></soma-drawer>`:w}
      <soma-foot role="contentinfo" .store=${e} ?inert=${o}></soma-foot>
      ${o?x`<button class="veil" type="button" aria-label="Close" @click=${()=>this.#i()}></button>`:w}
      ${i.value?x`<soma-palette .store=${e}></soma-palette>`:w}
      <p class="unseen" role="status" aria-live="polite">${a.value}</p>
    `}updated(){let{narrow:e,railOpen:t,drawerOpen:n}=this.store.layout,r=e.value&&n.value?`soma-drawer`:e.value&&t.value?`soma-rail`:``;r!==this.#e&&(this.#e=r,this.#t(r))}#e=``;async#t(e){if(e===``){this.focusComposer();return}let t=this.renderRoot.querySelector(e);await t?.updateComplete,t?.renderRoot.querySelector(`[aria-selected="true"], button`)?.focus()}focusComposer(){this.#n?.focusField()}get#n(){return this.renderRoot.querySelector(`soma-composer`)}#r(e){this.store.talk.say(e),this.focusComposer()}#i(){this.store.layout.railOpen.value=!1,this.store.layout.narrow.value&&this.store.layout.closeDrawer()}#a=e=>{let{layout:t}=this.store;if((e.ctrlKey||e.metaKey)&&!e.altKey&&e.key.toLowerCase()===`k`)e.preventDefault(),t.paletteOpen.value=!t.paletteOpen.value;else if(e.key===`Escape`&&!e.defaultPrevented)this.#o();else if(e.altKey&&!e.ctrlKey&&!e.metaKey){let n=F[Number(e.code.replace(`Digit`,``))-1];e.code===`KeyN`?(e.preventDefault(),this.store.newChat(),this.focusComposer()):n!==void 0&&(e.preventDefault(),t.toggleDrawer(n))}else e.key!==`/`||e.ctrlKey||e.metaKey||Ua(e)||(e.preventDefault(),this.focusComposer())};#o(){let{layout:e,talk:t}=this.store;e.narrow.value&&(e.railOpen.value||e.drawerOpen.value)?this.#i():t.running.value===void 0?e.drawerOpen.value&&(e.closeDrawer(),this.focusComposer()):t.stop()}};function Ua(e){let t=e.composedPath()[0];return t instanceof HTMLElement&&t.matches(`input, textarea, select, [contenteditable]`)}customElements.define(`soma-app`,Ha);