var e=globalThis,t=e.ShadowRoot&&(e.ShadyCSS===void 0||e.ShadyCSS.nativeShadow)&&`adoptedStyleSheets`in Document.prototype&&`replace`in CSSStyleSheet.prototype,n=Symbol(),r=new WeakMap,i=class{constructor(e,t,r){if(this._$cssResult$=!0,r!==n)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");this.cssText=e,this.t=t}get styleSheet(){let e=this.o,n=this.t;if(t&&e===void 0){let t=n!==void 0&&n.length===1;t&&(e=r.get(n)),e===void 0&&((this.o=e=new CSSStyleSheet).replaceSync(this.cssText),t&&r.set(n,e))}return e}toString(){return this.cssText}},a=e=>new i(typeof e==`string`?e:e+``,void 0,n),o=(e,...t)=>new i(e.length===1?e[0]:t.reduce((t,n,r)=>t+(e=>{if(!0===e._$cssResult$)return e.cssText;if(typeof e==`number`)return e;throw Error(`Value passed to 'css' function must be a 'css' function result: `+e+`. Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.`)})(n)+e[r+1],e[0]),e,n),s=(n,r)=>{if(t)n.adoptedStyleSheets=r.map(e=>e instanceof CSSStyleSheet?e:e.styleSheet);else for(let t of r){let r=document.createElement(`style`),i=e.litNonce;i!==void 0&&r.setAttribute(`nonce`,i),r.textContent=t.cssText,n.appendChild(r)}},c=t?e=>e:e=>e instanceof CSSStyleSheet?(e=>{let t=``;for(let n of e.cssRules)t+=n.cssText;return a(t)})(e):e,{is:l,defineProperty:u,getOwnPropertyDescriptor:d,getOwnPropertyNames:f,getOwnPropertySymbols:p,getPrototypeOf:m}=Object,h=globalThis,ee=h.trustedTypes,te=ee?ee.emptyScript:``,ne=h.reactiveElementPolyfillSupport,g=(e,t)=>e,re={toAttribute(e,t){switch(t){case Boolean:e=e?te:null;break;case Object:case Array:e=e==null?e:JSON.stringify(e)}return e},fromAttribute(e,t){let n=e;switch(t){case Boolean:n=e!==null;break;case Number:n=e===null?null:Number(e);break;case Object:case Array:try{n=JSON.parse(e)}catch{n=null}}return n}},ie=(e,t)=>!l(e,t),ae={attribute:!0,type:String,converter:re,reflect:!1,useDefault:!1,hasChanged:ie};Symbol.metadata??=Symbol(`metadata`),h.litPropertyMetadata??=new WeakMap;var oe=class extends HTMLElement{static addInitializer(e){this._$Ei(),(this.l??=[]).push(e)}static get observedAttributes(){return this.finalize(),this._$Eh&&[...this._$Eh.keys()]}static createProperty(e,t=ae){if(t.state&&(t.attribute=!1),this._$Ei(),this.prototype.hasOwnProperty(e)&&((t=Object.create(t)).wrapped=!0),this.elementProperties.set(e,t),!t.noAccessor){let n=Symbol(),r=this.getPropertyDescriptor(e,n,t);r!==void 0&&u(this.prototype,e,r)}}static getPropertyDescriptor(e,t,n){let{get:r,set:i}=d(this.prototype,e)??{get(){return this[t]},set(e){this[t]=e}};return{get:r,set(t){let a=r?.call(this);i?.call(this,t),this.requestUpdate(e,a,n)},configurable:!0,enumerable:!0}}static getPropertyOptions(e){return this.elementProperties.get(e)??ae}static _$Ei(){if(this.hasOwnProperty(g(`elementProperties`)))return;let e=m(this);e.finalize(),e.l!==void 0&&(this.l=[...e.l]),this.elementProperties=new Map(e.elementProperties)}static finalize(){if(this.hasOwnProperty(g(`finalized`)))return;if(this.finalized=!0,this._$Ei(),this.hasOwnProperty(g(`properties`))){let e=this.properties,t=[...f(e),...p(e)];for(let n of t)this.createProperty(n,e[n])}let e=this[Symbol.metadata];if(e!==null){let t=litPropertyMetadata.get(e);if(t!==void 0)for(let[e,n]of t)this.elementProperties.set(e,n)}this._$Eh=new Map;for(let[e,t]of this.elementProperties){let n=this._$Eu(e,t);n!==void 0&&this._$Eh.set(n,e)}this.elementStyles=this.finalizeStyles(this.styles)}static finalizeStyles(e){let t=[];if(Array.isArray(e)){let n=new Set(e.flat(1/0).reverse());for(let e of n)t.unshift(c(e))}else e!==void 0&&t.push(c(e));return t}static _$Eu(e,t){let n=t.attribute;return!1===n?void 0:typeof n==`string`?n:typeof e==`string`?e.toLowerCase():void 0}constructor(){super(),this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,this._$Ev()}_$Ev(){this._$ES=new Promise(e=>this.enableUpdating=e),this._$AL=new Map,this._$E_(),this.requestUpdate(),this.constructor.l?.forEach(e=>e(this))}addController(e){(this._$EO??=new Set).add(e),this.renderRoot!==void 0&&this.isConnected&&e.hostConnected?.()}removeController(e){this._$EO?.delete(e)}_$E_(){let e=new Map,t=this.constructor.elementProperties;for(let n of t.keys())this.hasOwnProperty(n)&&(e.set(n,this[n]),delete this[n]);e.size>0&&(this._$Ep=e)}createRenderRoot(){let e=this.shadowRoot??this.attachShadow(this.constructor.shadowRootOptions);return s(e,this.constructor.elementStyles),e}connectedCallback(){this.renderRoot??=this.createRenderRoot(),this.enableUpdating(!0),this._$EO?.forEach(e=>e.hostConnected?.())}enableUpdating(e){}disconnectedCallback(){this._$EO?.forEach(e=>e.hostDisconnected?.())}attributeChangedCallback(e,t,n){this._$AK(e,n)}_$ET(e,t){let n=this.constructor.elementProperties.get(e),r=this.constructor._$Eu(e,n);if(r!==void 0&&!0===n.reflect){let i=(n.converter?.toAttribute===void 0?re:n.converter).toAttribute(t,n.type);this._$Em=e,i==null?this.removeAttribute(r):this.setAttribute(r,i),this._$Em=null}}_$AK(e,t){let n=this.constructor,r=n._$Eh.get(e);if(r!==void 0&&this._$Em!==r){let e=n.getPropertyOptions(r),i=typeof e.converter==`function`?{fromAttribute:e.converter}:e.converter?.fromAttribute===void 0?re:e.converter;this._$Em=r;let a=i.fromAttribute(t,e.type);this[r]=a??this._$Ej?.get(r)??a,this._$Em=null}}requestUpdate(e,t,n,r=!1,i){if(e!==void 0){let a=this.constructor;if(!1===r&&(i=this[e]),n??=a.getPropertyOptions(e),!((n.hasChanged??ie)(i,t)||n.useDefault&&n.reflect&&i===this._$Ej?.get(e)&&!this.hasAttribute(a._$Eu(e,n))))return;this.C(e,t,n)}!1===this.isUpdatePending&&(this._$ES=this._$EP())}C(e,t,{useDefault:n,reflect:r,wrapped:i},a){n&&!(this._$Ej??=new Map).has(e)&&(this._$Ej.set(e,a??t??this[e]),!0!==i||a!==void 0)||(this._$AL.has(e)||(this.hasUpdated||n||(t=void 0),this._$AL.set(e,t)),!0===r&&this._$Em!==e&&(this._$Eq??=new Set).add(e))}async _$EP(){this.isUpdatePending=!0;try{await this._$ES}catch(e){Promise.reject(e)}let e=this.scheduleUpdate();return e!=null&&await e,!this.isUpdatePending}scheduleUpdate(){return this.performUpdate()}performUpdate(){if(!this.isUpdatePending)return;if(!this.hasUpdated){if(this.renderRoot??=this.createRenderRoot(),this._$Ep){for(let[e,t]of this._$Ep)this[e]=t;this._$Ep=void 0}let e=this.constructor.elementProperties;if(e.size>0)for(let[t,n]of e){let{wrapped:e}=n,r=this[t];!0!==e||this._$AL.has(t)||r===void 0||this.C(t,void 0,n,r)}}let e=!1,t=this._$AL;try{e=this.shouldUpdate(t),e?(this.willUpdate(t),this._$EO?.forEach(e=>e.hostUpdate?.()),this.update(t)):this._$EM()}catch(t){throw e=!1,this._$EM(),t}e&&this._$AE(t)}willUpdate(e){}_$AE(e){this._$EO?.forEach(e=>e.hostUpdated?.()),this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(e)),this.updated(e)}_$EM(){this._$AL=new Map,this.isUpdatePending=!1}get updateComplete(){return this.getUpdateComplete()}getUpdateComplete(){return this._$ES}shouldUpdate(e){return!0}update(e){this._$Eq&&=this._$Eq.forEach(e=>this._$ET(e,this[e])),this._$EM()}updated(e){}firstUpdated(e){}};oe.elementStyles=[],oe.shadowRootOptions={mode:`open`},oe[g(`elementProperties`)]=new Map,oe[g(`finalized`)]=new Map,ne?.({ReactiveElement:oe}),(h.reactiveElementVersions??=[]).push(`2.1.2`);var se=globalThis,ce=e=>e,le=se.trustedTypes,ue=le?le.createPolicy(`lit-html`,{createHTML:e=>e}):void 0,de=`$lit$`,_=`lit$${Math.random().toFixed(9).slice(2)}$`,fe=`?`+_,pe=`<${fe}>`,v=document,me=()=>v.createComment(``),he=e=>e===null||typeof e!=`object`&&typeof e!=`function`,ge=Array.isArray,_e=e=>ge(e)||typeof e?.[Symbol.iterator]==`function`,ve=`[ 	
\f\r]`,ye=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,be=/-->/g,xe=/>/g,y=RegExp(`>|${ve}(?:([^\\s"'>=/]+)(${ve}*=${ve}*(?:[^ \t\n\f\r"'\`<>=]|("|')|))|$)`,`g`),Se=/'/g,Ce=/"/g,we=/^(?:script|style|textarea|title)$/i,Te=e=>(t,...n)=>({_$litType$:e,strings:t,values:n}),b=Te(1),x=Te(2),S=Symbol.for(`lit-noChange`),C=Symbol.for(`lit-nothing`),Ee=new WeakMap,w=v.createTreeWalker(v,129);function De(e,t){if(!ge(e)||!e.hasOwnProperty(`raw`))throw Error(`invalid template strings array`);return ue===void 0?t:ue.createHTML(t)}var Oe=(e,t)=>{let n=e.length-1,r=[],i,a=t===2?`<svg>`:t===3?`<math>`:``,o=ye;for(let t=0;t<n;t++){let n=e[t],s,c,l=-1,u=0;for(;u<n.length&&(o.lastIndex=u,c=o.exec(n),c!==null);)u=o.lastIndex,o===ye?c[1]===`!--`?o=be:c[1]===void 0?c[2]===void 0?c[3]!==void 0&&(o=y):(we.test(c[2])&&(i=RegExp(`</`+c[2],`g`)),o=y):o=xe:o===y?c[0]===`>`?(o=i??ye,l=-1):c[1]===void 0?l=-2:(l=o.lastIndex-c[2].length,s=c[1],o=c[3]===void 0?y:c[3]===`"`?Ce:Se):o===Ce||o===Se?o=y:o===be||o===xe?o=ye:(o=y,i=void 0);let d=o===y&&e[t+1].startsWith(`/>`)?` `:``;a+=o===ye?n+pe:l>=0?(r.push(s),n.slice(0,l)+de+n.slice(l)+_+d):n+_+(l===-2?t:d)}return[De(e,a+(e[n]||`<?>`)+(t===2?`</svg>`:t===3?`</math>`:``)),r]},ke=class e{constructor({strings:t,_$litType$:n},r){let i;this.parts=[];let a=0,o=0,s=t.length-1,c=this.parts,[l,u]=Oe(t,n);if(this.el=e.createElement(l,r),w.currentNode=this.el.content,n===2||n===3){let e=this.el.content.firstChild;e.replaceWith(...e.childNodes)}for(;(i=w.nextNode())!==null&&c.length<s;){if(i.nodeType===1){if(i.hasAttributes())for(let e of i.getAttributeNames())if(e.endsWith(de)){let t=u[o++],n=i.getAttribute(e).split(_),r=/([.?@])?(.*)/.exec(t);c.push({type:1,index:a,name:r[2],strings:n,ctor:r[1]===`.`?Ne:r[1]===`?`?Pe:r[1]===`@`?Fe:Me}),i.removeAttribute(e)}else e.startsWith(_)&&(c.push({type:6,index:a}),i.removeAttribute(e));if(we.test(i.tagName)){let e=i.textContent.split(_),t=e.length-1;if(t>0){i.textContent=le?le.emptyScript:``;for(let n=0;n<t;n++)i.append(e[n],me()),w.nextNode(),c.push({type:2,index:++a});i.append(e[t],me())}}}else if(i.nodeType===8){if(i.data===fe)c.push({type:2,index:a});else{let e=-1;for(;(e=i.data.indexOf(_,e+1))!==-1;)c.push({type:7,index:a}),e+=_.length-1}}a++}}static createElement(e,t){let n=v.createElement(`template`);return n.innerHTML=e,n}};function T(e,t,n=e,r){if(t===S)return t;let i=r===void 0?n._$Cl:n._$Co?.[r],a=he(t)?void 0:t._$litDirective$;return i?.constructor!==a&&(i?._$AO?.(!1),a===void 0?i=void 0:(i=new a(e),i._$AT(e,n,r)),r===void 0?n._$Cl=i:(n._$Co??=[])[r]=i),i!==void 0&&(t=T(e,i._$AS(e,t.values),i,r)),t}var Ae=class{constructor(e,t){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=t}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:t},parts:n}=this._$AD,r=(e?.creationScope??v).importNode(t,!0);w.currentNode=r;let i=w.nextNode(),a=0,o=0,s=n[0];for(;s!==void 0;){if(a===s.index){let t;s.type===2?t=new je(i,i.nextSibling,this,e):s.type===1?t=new s.ctor(i,s.name,s.strings,this,e):s.type===6&&(t=new Ie(i,this,e)),this._$AV.push(t),s=n[++o]}a!==s?.index&&(i=w.nextNode(),a++)}return w.currentNode=v,r}p(e){let t=0;for(let n of this._$AV)n!==void 0&&(n.strings===void 0?n._$AI(e[t]):(n._$AI(e,n,t),t+=n.strings.length-2)),t++}},je=class e{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,t,n,r){this.type=2,this._$AH=C,this._$AN=void 0,this._$AA=e,this._$AB=t,this._$AM=n,this.options=r,this._$Cv=r?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode,t=this._$AM;return t!==void 0&&e?.nodeType===11&&(e=t.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,t=this){e=T(this,e,t),he(e)?e===C||e==null||e===``?(this._$AH!==C&&this._$AR(),this._$AH=C):e!==this._$AH&&e!==S&&this._(e):e._$litType$===void 0?e.nodeType===void 0?_e(e)?this.k(e):this._(e):this.T(e):this.$(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==C&&he(this._$AH)?this._$AA.nextSibling.data=e:this.T(v.createTextNode(e)),this._$AH=e}$(e){let{values:t,_$litType$:n}=e,r=typeof n==`number`?this._$AC(e):(n.el===void 0&&(n.el=ke.createElement(De(n.h,n.h[0]),this.options)),n);if(this._$AH?._$AD===r)this._$AH.p(t);else{let e=new Ae(r,this),n=e.u(this.options);e.p(t),this.T(n),this._$AH=e}}_$AC(e){let t=Ee.get(e.strings);return t===void 0&&Ee.set(e.strings,t=new ke(e)),t}k(t){ge(this._$AH)||(this._$AH=[],this._$AR());let n=this._$AH,r,i=0;for(let a of t)i===n.length?n.push(r=new e(this.O(me()),this.O(me()),this,this.options)):r=n[i],r._$AI(a),i++;i<n.length&&(this._$AR(r&&r._$AB.nextSibling,i),n.length=i)}_$AR(e=this._$AA.nextSibling,t){for(this._$AP?.(!1,!0,t);e!==this._$AB;){let t=ce(e).nextSibling;ce(e).remove(),e=t}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}},Me=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,t,n,r,i){this.type=1,this._$AH=C,this._$AN=void 0,this.element=e,this.name=t,this._$AM=r,this.options=i,n.length>2||n[0]!==``||n[1]!==``?(this._$AH=Array(n.length-1).fill(new String),this.strings=n):this._$AH=C}_$AI(e,t=this,n,r){let i=this.strings,a=!1;if(i===void 0)e=T(this,e,t,0),a=!he(e)||e!==this._$AH&&e!==S,a&&(this._$AH=e);else{let r=e,o,s;for(e=i[0],o=0;o<i.length-1;o++)s=T(this,r[n+o],t,o),s===S&&(s=this._$AH[o]),a||=!he(s)||s!==this._$AH[o],s===C?e=C:e!==C&&(e+=(s??``)+i[o+1]),this._$AH[o]=s}a&&!r&&this.j(e)}j(e){e===C?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??``)}},Ne=class extends Me{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===C?void 0:e}},Pe=class extends Me{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==C)}},Fe=class extends Me{constructor(e,t,n,r,i){super(e,t,n,r,i),this.type=5}_$AI(e,t=this){if((e=T(this,e,t,0)??C)===S)return;let n=this._$AH,r=e===C&&n!==C||e.capture!==n.capture||e.once!==n.once||e.passive!==n.passive,i=e!==C&&(n===C||r);r&&this.element.removeEventListener(this.name,this,n),i&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH==`function`?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},Ie=class{constructor(e,t,n){this.element=e,this.type=6,this._$AN=void 0,this._$AM=t,this.options=n}get _$AU(){return this._$AM._$AU}_$AI(e){T(this,e)}},Le={M:de,P:_,A:fe,C:1,L:Oe,R:Ae,D:_e,V:T,I:je,H:Me,N:Pe,U:Fe,B:Ne,F:Ie},Re=se.litHtmlPolyfillSupport;Re?.(ke,je),(se.litHtmlVersions??=[]).push(`3.3.3`);var ze=(e,t,n)=>{let r=n?.renderBefore??t,i=r._$litPart$;if(i===void 0){let e=n?.renderBefore??null;r._$litPart$=i=new je(t.insertBefore(me(),e),e,void 0,n??{})}return i._$AI(e),i},Be=globalThis,E=class extends oe{constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}createRenderRoot(){let e=super.createRenderRoot();return this.renderOptions.renderBefore??=e.firstChild,e}update(e){let t=this.render();this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),super.update(e),this._$Do=ze(t,this.renderRoot,this.renderOptions)}connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}render(){return S}};E._$litElement$=!0,E.finalized=!0,Be.litElementHydrateSupport?.({LitElement:E});var Ve=Be.litElementPolyfillSupport;Ve?.({LitElement:E}),(Be.litElementVersions??=[]).push(`4.2.2`);var He={plus:x`<path d="M8 3v10M3 8h10"/>`,menu:x`<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/>`,close:x`<path d="M4 4l8 8M12 4l-8 8"/>`,copy:x`<rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2"/>`,done:x`<path d="M3 8.5l3.5 3.5L13 4.5"/>`,up:x`<path d="M8 13V3.5M3.5 8L8 3.5 12.5 8"/>`,down:x`<path d="M8 3v9.5M3.5 8L8 12.5 12.5 8"/>`,pen:x`<path d="M10.5 3l2.5 2.5L6 12.5l-3 .5.5-3z"/>`,bin:x`<path d="M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.5 9h6l.5-9"/>`,receipt:x`<path d="M3.5 2.5h9v11l-1.5-1-1.5 1-1.5-1-1.5 1-1.5-1-1.5 1zM6 6h4M6 8.5h4"/>`,mind:x`<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/><path d="M5 3v3M10.5 6.5v3M7 10v3" stroke-width="2.4"/>`,memory:x`<ellipse cx="8" cy="4" rx="5" ry="1.8"/><path d="M3 4v8c0 1 2.2 1.8 5 1.8s5-.8 5-1.8V4M3 8c0 1 2.2 1.8 5 1.8S13 9 13 8"/>`,search:x`<circle cx="7" cy="7" r="4.2"/><path d="M10.2 10.2L13.5 13.5"/>`,sun:x`<circle cx="8" cy="8" r="2.8"/><path d="M8 1.8v1.6M8 12.6v1.6M1.8 8h1.6M12.6 8h1.6M3.6 3.6l1.1 1.1M11.3 11.3l1.1 1.1M3.6 12.4l1.1-1.1M11.3 4.7l1.1-1.1"/>`,moon:x`<path d="M12.8 9.6A5.2 5.2 0 0 1 6.4 3.2a5.2 5.2 0 1 0 6.4 6.4z"/>`,half:x`<circle cx="8" cy="8" r="5.2"/><path d="M8 2.8v10.4a5.2 5.2 0 0 0 0-10.4z" fill="currentColor"/>`,again:x`<path d="M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.8h-2.8"/>`,good:x`<path d="M5 7.2v6H2.8v-6zM5 7.2l2.4-4.7c1 0 1.6.7 1.5 1.6L8.6 6.2h3.5c.8 0 1.3.7 1.1 1.5l-1 4.4c-.2.7-.7 1.1-1.4 1.1H5"/>`,poor:x`<path d="M11 8.8v-6h2.2v6zM11 8.8l-2.4 4.7c-1 0-1.6-.7-1.5-1.6l.3-2.1H3.9c-.8 0-1.3-.7-1.1-1.5l1-4.4c.2-.7.7-1.1 1.4-1.1H11"/>`,left:x`<path d="M10 3.5L5.5 8l4.5 4.5"/>`,right:x`<path d="M6 3.5L10.5 8 6 12.5"/>`,more:x`<path d="M3.5 8h.01M8 8h.01M12.5 8h.01" stroke-width="2.4"/>`,tool:x`<path d="M13.2 4.6l-2.4 2.4-1.8-1.8 2.4-2.4a3.6 3.6 0 0 0-4.7 4.7L2.6 11.6l1.8 1.8 4.1-4.1a3.6 3.6 0 0 0 4.7-4.7z"/>`,wait:x`<circle cx="8" cy="8" r="5.2"/><path d="M8 5v3.2l2 1.4"/>`,stop:x`<rect x="4" y="4" width="8" height="8" rx="1.2" fill="currentColor"/>`};function D(e){return b`<svg
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
    ${He[e]}
  </svg>`}var O=o`
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
`,Ue=new Set([`chat.done`,`chat.failed`,`chat.cancelled`,`error`]),We=`soma.edge.v1.json`,Ge=250,Ke=8e3,qe=2e4,Je=[4001,4003],Ye=class{listener;rest;#e;#t=Ge;#n;#r=0;#i=new Map;constructor(e,t){this.listener=e,this.rest=t,addEventListener(`online`,()=>this.#u()),addEventListener(`offline`,()=>this.#e?.close()),setInterval(()=>this.#d(),qe)}open(){clearTimeout(this.#n);let e=location.protocol===`https:`?`wss`:`ws`,t=new WebSocket(`${e}://${location.host}/ws/v2/chat`,[We]);this.#e=t,t.addEventListener(`message`,e=>this.#s(JSON.parse(String(e.data)))),t.addEventListener(`close`,e=>void this.#l(t,e.code))}begin(e){let t=crypto.randomUUID();return this.#i.set(t,{opening:e,turnId:``,sequence:0,stopWhenKnown:!1}),this.#o(e.type,t,e.payload),t}follow(e){let t=crypto.randomUUID();return this.#i.set(t,{opening:void 0,turnId:e,sequence:0,stopWhenKnown:!1}),this.#o(`chat.resume`,t,{turn_id:e,after_sequence:0}),t}stop(e){let t=this.#i.get(e);t!==void 0&&(t.stopWhenKnown=t.turnId===``||!this.#a,t.stopWhenKnown||this.#o(`chat.cancel`,crypto.randomUUID(),{turn_id:t.turnId}))}turnOf(e){return this.#i.get(e)?.turnId??``}leave(e){this.#i.delete(e)}get#a(){return this.#e?.readyState===WebSocket.OPEN}#o(e,t,n){this.#a&&this.#e?.send(JSON.stringify({type:e,id:t,timestamp:new Date().toISOString(),payload:n}))}#s(e){if(this.#r=performance.now(),e.type===`connected`){this.#t=Ge,this.listener.link(`connected`),this.listener.connected(e.payload),this.#c();return}if(e.type===`title_update`){this.listener.title(e.payload);return}let t=this.#i.get(e.id);if(t===void 0)return;let{turn_id:n,sequence:r}=e.payload;if(n!==void 0&&r!==void 0){if(r<=t.sequence)return;t.turnId=n,t.sequence=r}Ue.has(e.type)?this.#i.delete(e.id):t.stopWhenKnown&&this.stop(e.id),this.listener.frame(e.id,{type:e.type,payload:e.payload})}#c(){for(let[e,t]of this.#i)t.turnId===``?t.opening!==void 0&&this.#o(t.opening.type,e,t.opening.payload):this.#o(`chat.resume`,e,{turn_id:t.turnId,after_sequence:t.sequence})}async#l(e,t){e===this.#e&&(this.#e=void 0,this.listener.link(`lost`),Je.includes(t)&&await this.rest.renew()===!1?this.listener.link(`locked`):(this.#n=setTimeout(()=>this.open(),this.#t*(.75+Math.random()/2)),this.#t=Math.min(this.#t*2,Ke)))}#u(){this.#t=Ge,this.#e===void 0&&this.open()}#d(){if(!this.#a||document.hidden)this.#r=performance.now();else if(performance.now()-this.#r>2*qe){let e=this.#e;e?.close(),e!==void 0&&this.#l(e,1006)}else this.#o(`ping`,crypto.randomUUID(),{})}},Xe=`OFFLINE`,Ze=class extends Error{code;details;retryAfter;violations;constructor(e){let t=(e.violations??[]).map(e=>`${e.field}: ${e.description}`);super([e.message,...e.violations&&t.length>1?t:[]].join(` `)),this.code=e.code,this.details=e.details??{},this.retryAfter=e.retry_after,this.violations=e.violations??[]}};function Qe(){return new Ze({code:Xe,message:"The mesh cannot be reached from here. Look whether it runs with `.venv/bin/somastack status`."})}function j(e){return e instanceof Ze?e:Qe()}var $e=`application/json`,et=`/api/v1/auth/session`,tt=class{get(e,t={},n){return this.#e(`GET`,`${e}${at(t)}`,void 0,n)}post(e,t,n){return this.#e(`POST`,e,t,n)}patch(e,t){return this.#e(`PATCH`,e,t)}delete(e){return this.#e(`DELETE`,e)}async lines(e){let t=await this.#t(`GET`,e,void 0,void 0,`application/x-ndjson`),n=(await t.text()).split(`
`).filter(e=>e!==``).map(e=>JSON.parse(e)),r=n.map(it).find(e=>e!==void 0);if(r!==void 0||!t.ok)throw r??Qe();return n}async renew(){return(await fetch(et,{credentials:`same-origin`}).catch(()=>void 0))?.ok}async#e(e,t,n,r){let i=await this.#t(e,t,n,r),a=await i.json().catch(()=>void 0);if(!i.ok)throw it(a)??Qe();return a}async#t(e,t,n,r,i=$e){let a=await nt(e,t,i,n,r);return a.status===401&&await this.renew()?await nt(e,t,i,n,r):a}};async function nt(e,t,n,r,i){let a={accept:n};e!==`GET`&&(a[`x-soma-csrf`]=rt());let o={method:e,headers:a,credentials:`same-origin`};r!==void 0&&(a[`content-type`]=$e,o.body=JSON.stringify(r)),i!==void 0&&(o.signal=i);try{return await fetch(t,o)}catch(e){throw e instanceof DOMException&&e.name===`AbortError`?e:Qe()}}function rt(){let e=document.cookie.split(`; `).map(e=>e.split(`=`,2)).filter(([e])=>e.startsWith(`soma_csrf_`)),t=e.find(([e])=>e===`soma_csrf_${location.port}`);return decodeURIComponent((t??e[0])?.[1]??``)}function it(e){if(typeof e==`object`&&e&&`error`in e)return new Ze(e.error)}function at(e){let t=new URLSearchParams;for(let[n,r]of Object.entries(e))for(let e of Array.isArray(r)?r:[r])t.append(n,String(e));let n=t.toString();return n===``?``:`?${n}`}var ot=new Intl.NumberFormat,st=new Intl.NumberFormat(void 0,{notation:`compact`,maximumFractionDigits:2,roundingMode:`floor`}),ct=[2,4,6].map(e=>wt(Math.min(e,4),e)),lt=new Intl.DateTimeFormat(void 0,{hour:`2-digit`,minute:`2-digit`}),ut=new Intl.DateTimeFormat(void 0,{weekday:`long`,day:`numeric`,month:`long`}),dt=new Intl.DateTimeFormat(void 0,{dateStyle:`medium`,timeStyle:`short`}),ft=864e5;function M(e){return ot.format(Number(e??0))}function pt(e){return String(Number.isInteger(e)?e:Number(e.toPrecision(6)))}function mt(e){return e<1e5?ot.format(e):st.format(e)}function N(e,t,n=`${t}s`){return`${ot.format(e)} ${e===1?t:n}`}function ht(e){return Number(e??0)===0?`free`:gt(e)}function gt(e){let t=Number(e??0)/1e6,n=Math.abs(t);return(ct[n>=1||n===0?0:n>=.01?1:2]??ot).format(t)}function _t(e){return e<100?`${ot.format(Math.ceil(e))} s`:e<6e3?N(Math.ceil(e/60),`minute`):e<259200?N(Math.ceil(e/3600),`hour`):N(Math.ceil(e/86400),`day`)}function vt(e){return e>=1e3?`${(e/1e3).toFixed(2)} s`:`${e<10?e.toFixed(1):e.toFixed(0)} ms`}function P(e){return e.replaceAll(`_`,` `)}function F(e){return e.charAt(0).toUpperCase()+e.slice(1)}function yt(e,t){return P(e.replace(t,``).toLowerCase())}function I(e){return e.replace(`DEGRADATION_LEVEL_`,``)}function bt(e){return lt.format(e)}function L(e){return dt.format(new Date(e))}function xt(e,t=new Date){let n=Math.round((St(t)-St(new Date(e)))/ft);return n<=0?`Today`:n===1?`Yesterday`:ut.format(new Date(e))}function St(e){return new Date(e).setHours(0,0,0,0)}function Ct(e,t=8){let n=e.trim().split(/\s+/),r=n.slice(0,t).join(` `).slice(0,80);return n.length>t?`${r} …`:r}function wt(e,t){return new Intl.NumberFormat(void 0,{style:`currency`,currency:`USD`,currencyDisplay:`narrowSymbol`,minimumFractionDigits:e,maximumFractionDigits:t})}var R=class{#e;#t=new Set;constructor(e){this.#e=e}get value(){return this.#e}set value(e){if(!Object.is(e,this.#e)){this.#e=e;for(let e of[...this.#t])e()}}watch(e){return this.#t.add(e),()=>this.#t.delete(e)}},Tt=class extends R{constructor(){super(0)}beat(){this.value+=1}},Et=`/api/v1/chat/approvals`,Dt=200,Ot=3e4,kt=class{rest;waiting=new R([]);#e=0;constructor(e){this.rest=e,setInterval(()=>{document.hidden||this.refresh()},Ot)}async refresh(){let e=++this.#e,t=await this.rest.get(Et,{page_size:Dt}).catch(()=>void 0);t!==void 0&&e===this.#e&&(this.waiting.value=t.approvals)}async decide(e,t,n,r,i){let a=`/api/v1/chat/turns/${encodeURIComponent(e)}/approvals/${encodeURIComponent(t)}:resolve`,o=r===`approve`?`APPROVAL_DECISION_APPROVE`:`APPROVAL_DECISION_DENY`;try{await this.rest.post(a,{decision:o,arguments_hash:n,note:i})}finally{this.refresh()}}},At=class{rest;path;field;rows=new R(void 0);problem=new R(void 0);#e={};#t=``;#n=0;constructor(e,t,n){this.rest=e,this.path=t,this.field=n}get hasMore(){return this.#t!==``}clear(){this.#n+=1,this.#t=``,this.rows.value=void 0,this.problem.value=void 0}async load(e){this.#n+=1,this.#e=e,await this.#r(``,[])}async more(){this.hasMore&&await this.#r(this.#t,this.rows.value??[])}async#r(e,t){let n=this.#n;try{let r=e===``?this.#e:{...this.#e,page_token:e},i=await this.rest.get(this.path,r);n===this.#n&&(this.#t=String(i.next_page_token??``),this.rows.value=[...t,...i[this.field]??[]],this.problem.value=void 0)}catch(e){n===this.#n&&(this.problem.value=j(e))}}},jt=10,Mt=50,Nt=class{rest;mine=new R(void 0);problem=new R(void 0);all;spent;#e=0;constructor(e){this.rest=e,this.all=new At(e,`/api/v1/budgets`,`budgets`),this.spent=new At(e,`/api/v1/receipts`,`receipts`)}async load(e,t,n){let r=[this.#t(e,t),this.spent.load({page_size:jt})];n&&r.push(this.all.load({page_size:Mt})),await Promise.all(r)}async set(e){await this.rest.post(`/api/v1/budget`,{...e,request_id:crypto.randomUUID()})}async#t(e,t){this.#e+=1;let n=this.#e,r={...e===``?{}:{agent_id:e},...t===``?{}:{conversation_id:t}};try{let{budgets:e}=await this.rest.get(`/api/v1/budget`,r);n===this.#e&&(this.mine.value=e,this.problem.value=void 0)}catch(e){n===this.#e&&(this.problem.value=j(e))}}},Pt=`/api/v1/chat/conversations`,Ft=60,It=class{rest;list=new R(void 0);filter=new R(``);problem=new R(void 0);#e=new Map;#t=``;#n=0;constructor(e){this.rest=e}get hasMore(){return this.#t!==``}async refresh(){let e=++this.#n;try{let t=await this.#r(``);e===this.#n&&(this.#t=t.next_page_token,this.list.value=t.conversations,this.problem.value=void 0)}catch(t){e===this.#n&&(this.problem.value=j(t))}}async loadMore(){let e=this.#n,t=await this.#r(this.#t).catch(()=>void 0);t!==void 0&&e===this.#n&&(this.#t=t.next_page_token,this.list.value=[...this.list.value??[],...t.conversations])}async narrow(e){this.filter.value=e,await this.refresh()}nameOf(e){return e.title||(this.#e.get(e.conversation_id)??``)}callFirst(e,t){this.#e.set(e,t)}titled(e,t){let{value:n}=this.list;n?.some(n=>n.conversation_id===e&&n.title!==t)===!0&&(this.list.value=n.map(n=>n.conversation_id===e?{...n,title:t}:n))}async rename(e,t){await this.rest.patch(`${Pt}/${encodeURIComponent(e)}`,{conversation:{title:t}}),await this.refresh()}async delete(e){await this.rest.delete(`${Pt}/${encodeURIComponent(e)}`),await this.refresh()}#r(e){let t={page_size:Ft,page_token:e,title_contains:this.filter.value.trim()};return this.rest.get(Pt,t)}},Lt=`/api/v1/governor/config`,Rt=20,zt=class{rest;now=new R(void 0);problem=new R(void 0);versions;#e=new Map;constructor(e){this.rest=e,this.versions=new At(e,`${Lt}/versions`,`versions`)}async load(){await Promise.all([this.loadNow(),this.versions.load({page_size:Rt})])}async loadNow(){try{let{version:e,calibration:t}=await this.rest.get(Lt);this.now.value={version:e,calibration:t},this.problem.value=void 0}catch(e){this.problem.value=j(e)}}async read(e){let t=this.#e.get(e);if(t!==void 0)return t;let{version:n}=await this.rest.get(Lt,{version:e});return this.#e.set(e,n),n}async restore(e,t){let n=this.now.value?.version.version;await this.rest.post(Lt,{restore_version:e,comment:t,request_id:crypto.randomUUID(),...n===void 0?{}:{based_on_version:n}}),await this.load()}},Bt={TOOL_CALL_STATUS_UNSPECIFIED:`unknown`,TOOL_CALL_STATUS_DONE:`done`,TOOL_CALL_STATUS_FAILED:`failed`,TOOL_CALL_STATUS_DENIED:`denied`,TOOL_CALL_STATUS_UNKNOWN:`unknown`};function Vt(e,t,n,r){return{callId:e,name:t,args:n,at:r,state:`running`,content:``,truncated:!1,milliseconds:0,consent:void 0}}function Ht(e){let t=new Map((e.tool_results??[]).map(e=>[e.call_id,e]));return(e.tool_calls??[]).map(n=>{let r=t.get(n.call_id),i=e.finish_reason===`tool_calls`?`client`:`open`,a=r===void 0?i:Bt[r.status];return{...Vt(n.call_id,n.name,n.arguments_json,0),state:a,content:r?.content??``}})}function Ut(e,t,n){return Jt(e,t,n,e=>{let n=e.consent!==void 0&&e.consent.decision!==`approve`;return{...e,args:t.arguments,state:n?e.state:t.by_client?`client`:`running`}})}function Wt(e,t,n){return Jt(e,t,n,e=>({...e,state:t.status,content:t.content,truncated:t.truncated,milliseconds:t.duration_milliseconds}))}function Gt(e,t,n){let r={hash:t.arguments_hash,sentence:t.sentence,expireTime:t.expire_time,decision:``,decidedBy:``,note:``};return Jt(e,t,n,e=>({...e,args:t.arguments||e.args,state:`consent`,consent:r}))}function Kt(e,t){return e.map(e=>{if(e.callId!==t.call_id||e.consent===void 0)return e;let n={...e.consent,decision:t.decision,decidedBy:t.decided_by,note:t.note},r=t.decision===`approve`?`running`:`denied`;return{...e,consent:n,state:e.state===`consent`?r:e.state}})}function qt(e){return e.map(e=>e.state===`running`||e.state===`consent`?{...e,state:`open`}:e)}function Jt(e,t,n,r){return e.some(e=>e.callId===t.call_id)?e.map(e=>e.callId===t.call_id?r(e):e):[...e,r(Vt(t.call_id,t.name,``,n))]}var Yt=class{key;role;changed=new Tt;notices=[];seams=[];begun=performance.now();tools=[];text=``;reasoning=``;state=`done`;problem;retry;siblings={number:1,count:1};rated=`none`;ratedUntil=0;messageId=``;turnId=``;receiptId=``;level=``;model=``;usage;costMicros=``;firstTokenMs=0;time;constructor(e,t,n=new Date){this.key=e,this.role=t,this.time=n}get running(){return this.state===`waiting`||this.state===`writing`}get asking(){return this.running?this.tools.find(e=>e.state===`consent`):void 0}};function Xt(e){let t=new Yt(crypto.randomUUID(),`user`);return t.text=e,t}function Zt(){let e=new Yt(crypto.randomUUID(),`assistant`);return e.state=`waiting`,e}function Qt(e){let t=e.role===`ROLE_USER`?`user`:`assistant`,n=new Yt(e.message_id,t,new Date(e.create_time));return n.text=tn(e),n.messageId=e.message_id,n.turnId=e.turn_id,n.receiptId=e.receipt_id,n.model=e.model,n.costMicros=e.cost_micros,n.usage=e.usage,n.tools=Ht(e),e.partial&&(n.state=e.finish_reason===`cancelled`?`stopped`:`failed`),$t(n,e,performance.now()),n}function $t(e,t,n){let r={number:t.sibling_number||1,count:t.sibling_count||1},i=n<e.ratedUntil?e.rated:en(t);(r.number!==e.siblings.number||r.count!==e.siblings.count||i!==e.rated)&&(e.siblings=r,e.rated=i,e.changed.beat())}function en(e){return e.rating===`RATING_GOOD`?`good`:e.rating===`RATING_BAD`?`bad`:`none`}function tn(e){return e.content.map(e=>e.text??``).join(``)}function nn(e,t){let n=e.details.error_id??e.turn_id??t;return{code:e.code,message:e.message,retryAfter:e.retry_after,errorId:n}}var rn=`/api/v1/chat/conversations`;async function an(e,t,n){let r=await e.lines(`${rn}/${encodeURIComponent(t)}:export`),i=r.find(e=>e.header!==void 0)?.header;if(i===void 0)throw new Ze({code:`MALFORMED_MESSAGE`,message:`The mesh sent no conversation. Try again.`});let a=r.flatMap(e=>e.message===void 0?[]:[e.message]),o=un(i.title);return n===`json`?{name:`${o}.json`,type:`application/json`,text:JSON.stringify({header:i,messages:a},null,2)}:{name:`${o}.md`,type:`text/markdown`,text:cn({header:i,messages:a})}}async function on(e,t){let{header:n,messages:r}=sn(t);return(await e.post(`${rn}:import`,{header:n,messages:r})).conversation.conversation_id}function sn(e){let t;try{t=JSON.parse(e)}catch{t=void 0}if(typeof t!=`object`||!t||!(`header`in t)||!(`messages`in t))throw new Ze({code:`MALFORMED_MESSAGE`,message:`This is no exported conversation. Choose a file that “Export as JSON” made.`});return t}function cn({header:e,messages:t}){let n=ln(t,e.current_leaf_message_id).filter(e=>e.role===`ROLE_USER`||e.role===`ROLE_ASSISTANT`).map(t=>`## ${t.role===`ROLE_USER`?`You`:e.agent_name||`Answer`}\n\n${tn(t)}`);return`${[`# ${e.title||`Untitled chat`}`,...n].join(`

`)}\n`}function ln(e,t){let n=new Map(e.map(e=>[e.message_id,e])),r=[];for(let e=n.get(t);e!==void 0;e=n.get(e.parent_message_id))r.unshift(e);return r}function un(e){return e.normalize(`NFKD`).replace(/[^\p{L}\p{N}]+/gu,`-`).replace(/^-+|-+$/g,``).slice(0,60).toLowerCase()||`conversation`}var dn=class{rest;listener;constructor(e,t){this.rest=e,this.listener=t}async take(e,t){try{let n=await an(this.rest,e,t),r=document.createElement(`a`);r.href=URL.createObjectURL(new Blob([n.text],{type:n.type})),r.download=n.name,r.click(),setTimeout(()=>URL.revokeObjectURL(r.href),6e4),this.listener.done(`Exported as ${n.name}.`)}catch(e){this.listener.refused(j(e))}}choose(){let e=document.createElement(`input`);e.type=`file`,e.accept=`.json,application/json`,e.addEventListener(`change`,()=>{let t=e.files?.[0];t!==void 0&&this.#e(t)}),e.click()}async#e(e){try{let t=await on(this.rest,await e.text());this.listener.imported(t),this.listener.done(`Imported.`)}catch(e){this.listener.refused(j(e))}}},z=[`receipt`,`mind`,`memory`,`budget`,`level`],fn=[`system`,`light`,`dark`],pn=`soma.theme`,mn=`soma.drawer`,hn=1e4,gn=matchMedia(`(max-width: 899.98px)`),_n=class{railOpen=new R(!1);drawerOpen=new R(!1);tab=new R(`receipt`);paletteOpen=new R(!1);theme=new R(vn(pn,fn,`system`));narrow=new R(gn.matches);said=new R(``);approvalSought=new Tt;#e=0;editing=new R(void 0);problem=new R(void 0);constructor(){gn.addEventListener(`change`,()=>{this.narrow.value=gn.matches});let e=vn(mn,[...z,`closed`],`closed`);e!==`closed`&&!gn.matches&&(this.tab.value=e,this.drawerOpen.value=!0),this.#t()}openDrawer(e){this.tab.value=e,this.drawerOpen.value=!0,this.railOpen.value=!1,localStorage.setItem(mn,e)}closeDrawer(){this.drawerOpen.value=!1,localStorage.setItem(mn,`closed`)}toggleDrawer(e){this.drawerOpen.value&&this.tab.value===e?this.closeDrawer():this.openDrawer(e)}setTheme(e){this.theme.value=e,localStorage.setItem(pn,e),this.#t()}nextTheme(){let e=fn.indexOf(this.theme.value);this.setTheme(fn[(e+1)%fn.length]??`system`)}seekApproval(){this.#e=performance.now()+hn,this.approvalSought.beat()}takeApprovalWish(){let e=performance.now()<this.#e;return this.#e=0,e}tell(e){this.problem.value=e}announce(e){this.said.value=``,queueMicrotask(()=>{this.said.value=e})}#t(){document.documentElement.dataset.theme=this.theme.value}};function vn(e,t,n){let r=localStorage.getItem(e);return t.find(e=>e===r)??n}var yn=1e3,bn=6e4,xn=1e4,Sn=`soma.level`,Cn=`asked`,wn=class{rest;status=new R(void 0);problem=new R(void 0);#e=new BroadcastChannel(Sn);#t;#n=yn;#r;#i;#a=!1;constructor(e){this.rest=e,document.addEventListener(`visibilitychange`,()=>this.look()),this.#e.addEventListener(`message`,e=>this.#d(e.data))}look(){document.hidden?(this.#i?.abort(),this.#i=void 0):this.#i===void 0?(this.#i=new AbortController,this.#o(this.#i.signal)):this.#a&&this.#t===void 0&&(this.#n=yn,this.#s())}async#o(e){let t=async()=>{this.#a=!0,this.#n=yn,this.#s(),await new Promise(t=>e.addEventListener(`abort`,t)),this.#a=!1,this.#p()};if(!(`locks`in navigator))await t();else{this.#e.postMessage(Cn);try{await navigator.locks.request(Sn,{signal:e},t)}catch(t){if(!e.aborted)throw t}}}#s(){clearTimeout(this.#r);let e=new EventSource(`/api/v1/level:watch`),t=performance.now();this.#t=e,e.addEventListener(`message`,e=>{this.#u(JSON.parse(String(e.data)).status)}),e.addEventListener(`error`,()=>{e===this.#t&&(this.#p(),this.#n=performance.now()-t>xn?yn:this.#n,this.#c())})}async#c(){let e=this.#n*(.75+Math.random()/2);this.#n=Math.min(2*this.#n,bn),this.#r=setTimeout(()=>this.#l(),e);try{this.#u((await this.rest.get(`/api/v1/level`)).status)}catch(e){this.problem.value=j(e)}}#l(){this.#a&&this.#t===void 0&&this.#s()}#u(e){this.#f(e),this.#e.postMessage(e)}#d(e){e===Cn?this.#a&&this.status.value!==void 0&&this.#e.postMessage(this.status.value):this.#f(e)}#f(e){this.status.value=e,this.problem.value=void 0}#p(){clearTimeout(this.#r),this.#t?.close(),this.#t=void 0}},B=`/api/v1/memories`,Tn=30,En=20,Dn=1500,On=`RESOURCE_NOT_FOUND`,kn=class{rest;agentId;query=new R(``);filters=new R({kinds:[],conversation_id:``,min_importance:0,subject:``,include_retired:!1});found=new R(void 0);problem=new R(void 0);wanted=new R(void 0);report=new R(``);undo=new R(void 0);newest;stats=new R(void 0);#e;constructor(e,t){this.rest=e,this.agentId=t,this.newest=new At(e,B,`memories`)}async look(){let{kinds:e,conversation_id:t,subject:n,include_retired:r}=this.filters.value,i={kinds:e,...t===``?{}:{conversation_id:t},...n===``?{}:{subject:n}},a=this.rest.get(`${B}:stats`).catch(()=>void 0);await this.newest.load({...i,include_retired:r,page_size:En}),this.stats.value=await a}async search(){this.#e?.abort();let e=this.query.value.trim();if(e===``){this.found.value=void 0,this.problem.value=void 0,await this.look();return}let t=new AbortController;this.#e=t;let n={query:e,top_k:Tn,time_budget_milliseconds:Dn,...this.#t()};try{let e=await this.rest.post(`${B}:recall`,n,t.signal);this.found.value=e,this.problem.value=void 0}catch(e){t.signal.aborted||(this.problem.value=j(e))}}#t(){let{kinds:e,conversation_id:t,min_importance:n,subject:r}=this.filters.value;return{kinds:e,conversation_id:t,min_importance:n,subject:r,agent_id:this.agentId()}}async show(e){this.report.value=``,this.undo.value=void 0,this.problem.value=void 0;try{let{memory:t}=await this.rest.get(`${B}/${encodeURIComponent(e)}`);this.wanted.value=t}catch(e){this.wanted.value=void 0,this.problem.value=j(e)}}async add(e,t){let n=await this.rest.post(B,{text:e,kind:t});this.wanted.value=n.memory,this.report.value=n.duplicate?`It was known already and counts for more now.`:`It is kept.`,await this.search()}lineage(e){return this.rest.get(`${B}/${encodeURIComponent(e)}/lineage`)}async change(e,t){let n=Object.fromEntries(Object.keys(t).map(t=>[t,e[t]])),r=await this.#n(e,t);this.report.value=`pinned`in t?An(r.pinned):`Changed. It is version ${r.version} now; the one before is kept.`,this.undo.value=async()=>{await this.#n(r,n),this.report.value=`It is as it was before.`,this.undo.value=void 0,await this.search()},await this.search()}async#n(e,t){let{memory_id:n,etag:r}=e,i={memory:{memory_id:n,etag:r,...t},update_mask:Object.keys(t).join(`,`)},a=await this.rest.patch(`${B}/${encodeURIComponent(n)}`,i);return this.#r(a.memory),a.memory}#r(e){this.wanted.value?.memory_id===e.memory_id&&(this.wanted.value=e)}async correct(e,t){let n=`${B}/${encodeURIComponent(e.memory_id)}:correct`,r=await this.rest.post(n,{text:t,etag:e.etag});this.wanted.value=r.memory,this.undo.value=void 0,this.report.value=`Corrected. The old one is kept as superseded and recall finds the new one.`,await this.search()}async forget(e){await this.rest.delete(`${B}/${encodeURIComponent(e.memory_id)}`);let t=await this.#i(e.memory_id);this.wanted.value=void 0,this.undo.value=void 0,await this.search();let n=(this.found.value?.hits??[]).some(t=>t.memory.memory_id===e.memory_id);this.report.value=t&&!n?`Forgotten. Reading it again finds nothing, and the search does not show it any more.`:`The mesh took the deletion, but the memory can still be read. Try again in a moment.`}async#i(e){try{return await this.rest.get(`${B}/${encodeURIComponent(e)}`),!1}catch(e){return e instanceof Ze&&e.code===On}}};function An(e){return e?`Pinned: no sweep takes it.`:`No longer pinned: a sweep may take it once it has faded.`}var jn=`offline`,Mn=new Set([`BUDGET_SCOPE_USER`,`BUDGET_SCOPE_AGENT`,`BUDGET_SCOPE_CONVERSATION`]),Nn=class{rest;link=new R(`connecting`);level=new R(``);agents=new R([]);models=new R([]);usedModel=new R(``);budget=new R(void 0);userId=``;roles=new R([]);services=new R({});constructor(e){this.rest=e}get model(){return this.usedModel.value||(this.models.value.find(e=>e.tenant_default)?.model_profile_id??``)}get isAdmin(){return this.roles.value.includes(`admin`)}get isOperator(){return this.isAdmin||this.roles.value.includes(`operator`)}get withoutModel(){let{value:e}=this.models;return e.length>0&&e.every(e=>e.provider===jn)}async refreshAgents(){let e=await this.rest.get(`/api/v1/chat/agents`,{page_size:200}).catch(()=>void 0);this.agents.value=e?.agents??this.agents.value}async refresh(){let[e,t,n]=await Promise.all([this.rest.get(`/api/v1/models`,{page_size:200}).catch(()=>void 0),this.rest.get(`/api/v1/budget`).catch(()=>void 0),this.rest.get(`/api/v1/health`).catch(()=>void 0)]);this.models.value=e?.models??this.models.value,this.services.value=n?.services??this.services.value;let r=t?.budgets.find(({period:e,scope:t})=>e===`BUDGET_PERIOD_DAY`&&!Mn.has(t));this.budget.value=t===void 0?this.budget.value:r}},Pn=60,Fn=class{rest;state=new R(void 0);changes=new R([]);problem=new R(void 0);#e=``;#t=``;constructor(e){this.rest=e}get hasMore(){return this.#t!==``}async load(e){this.#e=e;try{let[t,n]=await Promise.all([this.rest.get(`/neuromodulators`,{agent_id:e}),this.#n(``)]);this.#e===e&&(this.state.value={...t,effects:n.effects},this.changes.value=n.changes,this.#t=n.next_page_token,this.problem.value=void 0)}catch(e){this.problem.value=j(e)}}async loadMore(){let e=this.#e,t=await this.#n(this.#t).catch(()=>void 0);t!==void 0&&e===this.#e&&(this.#t=t.next_page_token,this.changes.value=[...this.changes.value,...t.changes])}history(e){let t=this.changes.value.filter(t=>t.name===e).reverse(),n=t[0];return n===void 0?[]:[n.before,...t.map(e=>e.after)]}#n(e){let t={agent_id:this.#e,page_size:Pn,page_token:e};return this.rest.get(`/api/v1/cognitive/explain`,t)}},In=[300,700,1500,3e3],Ln=`/api/v1/receipts`,Rn=50,zn=class{rest;shown=new R(void 0);wanted=new R(``);problem=new R(void 0);others;compared=new R(void 0);prompt=new R(void 0);#e=new Map;constructor(e){this.rest=e,this.others=new At(e,Ln,`receipts`)}async show(e){this.wanted.value=e,this.problem.value=void 0,this.compared.value=void 0,this.prompt.value=void 0;for(let t of[0,...In]){if(await new Promise(e=>setTimeout(e,t)),this.wanted.value!==e)return;try{let t=await this.read(e);if(this.wanted.value===e&&this.#t(t),t.settle_time!==void 0)return}catch(t){this.wanted.value===e&&(this.problem.value=j(t),this.shown.value=void 0);return}}}async read(e){let t=this.#e.get(e);if(t!==void 0)return t;let{receipt:n}=await this.rest.get(`${Ln}/${encodeURIComponent(e)}`);return n.settle_time!==void 0&&this.#e.set(e,n),n}async renew(e){let t=this.#e.get(e);this.#e.delete(e),t!==void 0&&this.#e.delete(t.turn_id),this.shown.value?.receipt_id===e&&(this.shown.value=await this.read(e).catch(()=>this.shown.value))}beside(e){let{value:t=[]}=this.others.rows,n=t.findIndex(e=>e.receipt_id===this.shown.value?.receipt_id);return n<0?void 0:t[n+e]}async compare(e){let{value:t}=this.shown;if(t===void 0||e===``){this.compared.value=void 0;return}let n={with:e};this.compared.value=n;let r=await this.#n(e,t.receipt_id);this.compared.value===n&&(this.compared.value=r)}async rebuild(e){let{value:t}=this.shown;if(t===void 0||this.prompt.value?.leg===e){this.prompt.value=void 0;return}let n={leg:e};this.prompt.value=n;let r=await this.#r(t.turn_id,e);this.prompt.value===n&&(this.prompt.value=r)}#t(e){let t=this.shown.value,{value:n}=this.others.rows;this.shown.value=e;let r=t?.conversation_id!==e.conversation_id;r&&this.others.clear(),e.conversation_id!==``&&(r||!n?.some(t=>t.receipt_id===e.receipt_id))&&this.others.load({conversation_id:e.conversation_id,page_size:Rn})}async#n(e,t){try{let n=`${Ln}/${encodeURIComponent(e)}:diff`,{differences:r}=await this.rest.get(n,{other_receipt_id:t});return{with:e,differences:r}}catch(t){return{with:e,problem:j(t)}}}async#r(e,t){try{let n=`/api/v1/chat/turns/${encodeURIComponent(e)}/prompt`;return{leg:t,rebuilt:await this.rest.get(n,{leg:t})}}catch(e){return{leg:t,problem:j(e)}}}},Bn=`/api/v1/chat/messages:search`,Vn=20,Hn=2,Un=class{rest;found=new R(void 0);problem=new R(void 0);#e;#t=``;#n=``;constructor(e){this.rest=e}get hasMore(){return this.#n!==``}async look(e){this.#e?.abort(),this.#t=Wn(e),this.#n=``,this.#t.length<Hn?(this.found.value=void 0,this.problem.value=void 0):await this.#r([])}async more(){await this.#r(this.found.value??[])}async#r(e){let t=new AbortController;this.#e=t;let n={query:this.#t,page_size:Vn,page_token:this.#n};try{let r=await this.rest.get(Bn,n,t.signal);this.#n=r.next_page_token,this.found.value=[...e,...r.messages],this.problem.value=void 0}catch(e){t.signal.aborted||(this.found.value=[],this.problem.value=j(e))}}};function Wn(e){let t=e.trim();return/[\p{L}\p{N}]$/u.test(e)&&e.length<256?`${t}*`:t}var Gn=`/api/v1/chat/conversations`,Kn=500,qn=class{rest;constructor(e){this.rest=e}async beside(e,t,n){let r=await this.#e(e),i=r.byId.get(t)?.parent_message_id??``,a=(r.children.get(i)??[])[n-1];return a===void 0?void 0:{messageId:a.message_id,leafId:Jn(r,a)}}async leafOf(e,t,n){let r=await this.#e(e);for(let e=r.byId.get(n);e!==void 0;e=r.byId.get(e.parent_message_id))if(e.message_id===t)return n;let i=r.byId.get(t);return i===void 0?``:Jn(r,i)}async choose(e,t){let n={current_leaf_message_id:t};await this.rest.patch(`${Gn}/${encodeURIComponent(e)}`,{conversation:n})}async#e(e){let t=new Map,n=new Map;for(let r=``,i=!0;i;i=r!==``){let i={all_branches:!0,page_size:Kn,page_token:r},a=`${Gn}/${encodeURIComponent(e)}/messages`,o=await this.rest.get(a,i);for(let e of o.messages){t.set(e.message_id,e);let r=n.get(e.parent_message_id)??[];n.set(e.parent_message_id,[...r,e])}r=o.next_page_token}return{byId:t,children:n}}};function Jn(e,t){let n=t;for(let t=e.children.get(n.message_id)?.at(-1);t!==void 0;t=e.children.get(n.message_id)?.at(-1))n=t;return n.message_id}var Yn=`soma.pending`,Xn=1500;function Zn(){let e=sessionStorage.getItem(Yn);return e===null?[]:JSON.parse(e)}function Qn(e){nr([...Zn().filter(t=>tr(t)!==tr(e)),e])}function $n(e){setTimeout(()=>er(e),Xn)}function er(e){nr(Zn().filter(t=>tr(t)!==e))}function tr(e){return e.opening.payload.request_id}function nr(e){e.length===0?sessionStorage.removeItem(Yn):sessionStorage.setItem(Yn,JSON.stringify(e))}var rr=60,ir=500,ar=`/api/v1/chat/conversations`,or=class{rest;thread;turns;opening=new R(!1);loadingOlder=new R(!1);problem=new R(void 0);sought=new R(void 0);#e;#t=``;#n=``;#r=0;constructor(e,t,n){this.rest=e,this.thread=t,this.turns=n,this.#e=new qn(e)}get hasOlder(){return this.#n!==``}fresh(){this.#u()}async open(e,t=``){this.#u();let n=this.#r;this.thread.conversationId.value=e,this.opening.value=!0;try{t!==``&&await this.#c(e,t);let[r,i]=await this.#d(e);n===this.#r&&this.#a(r,i)}catch(e){n===this.#r&&(this.problem.value=j(e))}finally{n===this.#r&&(this.opening.value=!1)}t!==``&&n===this.#r&&await this.#l(t)}async refresh(){let{value:e}=this.thread.conversationId;if(e===``||this.opening.value)return;let t=this.#r,{value:n}=this.thread.entries,{leafId:r}=this.thread,i=await this.#d(e).catch(()=>void 0);i!==void 0&&t===this.#r&&(n!==this.thread.entries.value||r!==this.thread.leafId?await this.refresh():this.#o(...i))}async heard(e){if(e.conversation_id!==this.thread.conversationId.value||this.opening.value)return;this.thread.conversation.value=e;let{running_turn_id:t,current_leaf_message_id:n}=e,r=t!==``&&!this.turns.follows(t)&&!this.turns.unsettled,i=t===``&&!this.turns.busy;(r||i&&n!==this.thread.leafId)&&await this.refresh()}async loadOlder(e=rr){if(this.#n===``||this.loadingOlder.value)return;let t=this.#r;this.problem.value=void 0,this.loadingOlder.value=!0;try{let n=await this.#f(this.thread.conversationId.value,{page_token:this.#n,page_size:e});t===this.#r&&(this.#n=n.next_page_token,this.thread.entries.value=[...sr(n,[]),...this.thread.entries.value])}catch(e){t===this.#r&&(this.problem.value=j(e))}finally{this.loadingOlder.value=!1}}async turnTo(e,t){let{value:n}=this.thread.conversationId,r=this.#r,i=await this.#e.beside(n,e.messageId,t);i!==void 0&&r===this.#r&&(this.#t=i.messageId,await this.#e.choose(n,i.leafId),await this.refresh())}takeTurned(e){let t=e.messageId!==``&&e.messageId===this.#t;return t&&(this.#t=``),t}async straighten(e,t){let n=this.#r,{value:r}=this.thread.conversationId,i=await this.#f(r,{leaf_message_id:t}).catch(()=>void 0);i!==void 0&&n===this.#r&&e.running&&(this.#n=i.next_page_token,this.thread.entries.value=[...sr(i,this.thread.entries.value),e])}async takeUp(){let e=Zn(),{conversationId:t}=e[0]??{};if(t===void 0)return!1;t!==``&&await this.open(t);for(let n of e.filter(e=>e.conversationId===t))n.queued&&n.opening.type===`chat.send`?this.turns.enqueue({text:n.text,opening:n.opening,frameId:``}):this.turns.running.value!==void 0||this.#i(n.text)?er(n.opening.payload.request_id):this.turns.open(n.opening,n.text);return!0}#i(e){return this.thread.entries.value.findLast(e=>e.role===`user`)?.text===e}#a(e,t){this.thread.conversation.value=e,this.thread.agentId=e.agent_id,this.#n=t.next_page_token,this.thread.entries.value=sr(t,this.thread.entries.value),this.#s(e.running_turn_id)}#o(e,t){let n=this.thread.last?.problem!==void 0;this.turns.running.value!==void 0||n?(this.thread.conversation.value=e,this.#s(e.running_turn_id)):t.messages.at(-1)?.message_id===this.thread.leafId?(sr(t,this.thread.entries.value),this.thread.conversation.value=e,this.#s(e.running_turn_id)):this.#a(e,t)}#s(e){e!==``&&!this.turns.follows(e)&&!this.turns.unsettled&&this.turns.follow(e)}async#c(e,t){let n=`${ar}/${encodeURIComponent(e)}`,{conversation:r}=await this.rest.get(n),i=r.current_leaf_message_id,a=await this.#e.leafOf(e,t,i);a!==``&&a!==i&&await this.#e.choose(e,a)}async#l(e){let t=()=>this.thread.entries.value.find(t=>t.messageId===e),n=this.#r;for(;t()===void 0&&this.hasOlder&&n===this.#r&&this.problem.value===void 0;)await this.loadOlder(ir);n===this.#r&&(this.sought.value=t())}#u(){this.#r+=1,this.turns.leave(),this.#n=``,this.#t=``,this.problem.value=void 0,this.opening.value=!1,this.sought.value=void 0,this.thread.clear()}async#d(e){let[t,n]=await Promise.all([this.rest.get(`${ar}/${encodeURIComponent(e)}`),this.#f(e,{})]);return[t.conversation,n]}async#f(e,t){let n={page_size:rr,from_end:!0,...t},r=performance.now();return{...await this.rest.get(`${ar}/${encodeURIComponent(e)}/messages`,n),asked:r}}};function sr(e,t){let n=new Map(t.filter(e=>e.messageId!==``).map(e=>[e.messageId,e]));return e.messages.filter(e=>e.role===`ROLE_USER`||e.role===`ROLE_ASSISTANT`).map(t=>{let r=n.get(t.message_id);return r===void 0?Qt(t):($t(r,t,e.asked),r)})}var cr=class{conversation=new R(void 0);conversationId=new R(``);entries=new R([]);agentId=``;get last(){return this.entries.value.at(-1)}get leafId(){return this.entries.value.findLast(e=>e.messageId!==``)?.messageId??``}get asking(){return this.entries.value.some(e=>e.asking!==void 0)}push(...e){this.entries.value=[...this.entries.value,...e]}replaceFrom(e,...t){let n=this.entries.value.indexOf(e);this.entries.value=[...this.entries.value.slice(0,n<0?void 0:n),...t]}questionOf(e){let{value:t}=this.entries;return t.slice(0,t.indexOf(e)).findLast(e=>e.role===`user`)}clear(){this.conversation.value=void 0,this.conversationId.value=``,this.entries.value=[]}},lr=[`provider_switched`,`turn_taken_over`],ur=`queued`;function dr(e,t){let n=fr(e,t);return e.changed.beat(),n}function fr(e,t){switch(t.type){case`chat.started`:return e.turnId=t.payload.turn_id,e.receiptId=t.payload.receipt_id,e.level=t.payload.level,e.model=t.payload.model,e.notices.push(...t.payload.level_reasons.map(e=>({text:e.sentence,level:e.level}))),``;case`chat.delta`:return e.firstTokenMs||=performance.now()-e.begun,e.state=`writing`,e.text+=t.payload.delta,``;case`chat.reasoning`:return e.reasoning+=t.payload.delta,``;case`chat.tool`:return e.tools=t.payload.phase===`finished`?Wt(e.tools,t.payload,e.text.length):Ut(e.tools,t.payload,e.text.length),``;case`chat.approval`:return t.payload.phase===`requested`?(e.tools=Gt(e.tools,t.payload,e.text.length),`The tool ${t.payload.name} waits for your consent.`):(e.tools=Kt(e.tools,t.payload),``);case`chat.notice`:return pr(e,t.payload);case`chat.done`:return hr(e,t.payload),e.text=t.payload.content||e.text,e.state=`done`,`The answer is complete.`;case`chat.failed`:return hr(e,t.payload),e.state=`failed`,e.problem=nn(t.payload,t.payload.turn_id),t.payload.message;case`chat.cancelled`:return hr(e,t.payload),e.state=`stopped`,`Stopped.`;case`error`:return e.state=`failed`,e.problem=nn(t.payload,e.turnId),t.payload.message}}function pr(e,t){return lr.includes(t.code)?(e.seams.push({at:e.text.length,sentence:mr(t,e.text===``),detail:t.sentence}),e.model=t.metadata.to_model??e.model):t.code!==ur&&!e.notices.some(e=>e.text===t.sentence)&&e.notices.push({text:t.sentence,level:``}),``}function mr(e,t){let{from_model:n,to_model:r}=e.metadata;return e.code!==`provider_switched`||r===void 0?`From here on another process of the mesh goes on`:n===r?`${r} broke off here and went on`:`${t?`Answered`:`From here on answered`} by ${r}`}function hr(e,t){e.messageId=t.message_id,e.tools=qt(e.tools),e.receiptId=t.receipt_id||e.receiptId,e.usage=t.usage,e.costMicros=t.cost.micros}var gr=`/api/v1/chat/turns`,_r=10,vr=500,yr=class{thread;connection;rest;listener;running=new R(void 0);queue=new R([]);modelId=new R(``);#e=new Map;constructor(e,t,n,r){this.thread=e,this.connection=t,this.rest=n,this.listener=r}get busy(){return this.running.value!==void 0||this.queue.value.length>0}get unsettled(){return[...this.#e.keys(),...this.queue.value.map(e=>e.frameId)].some(e=>this.connection.turnOf(e)===``)}say(e,t=`enqueue`){if(e.trim()===``)return;let n={content:e,...this.#t()},r={type:`chat.send`,payload:n};this.busy?(n.while_busy=t,this.enqueue({text:e,opening:r,frameId:``})):(this.#n(n),this.open(r,e))}open(e,t){let n=Zt(),r=e.type===`chat.send`?Xt(t):void 0;this.thread.push(...r===void 0?[]:[r],n),this.#r(e,r,n)}edit(e,t){let n=Xt(t);n.siblings={number:e.siblings.count+1,count:e.siblings.count+1};let r=Zt();this.thread.replaceFrom(e,n,r);let i={message_id:e.messageId,content:t,...this.#t()};this.#r({type:`chat.edit`,payload:i},n,r)}regenerate(e){let t=this.thread.questionOf(e),n=e.messageId||(t?.messageId??``),r=Zt();e.messageId!==``&&(r.siblings={number:e.siblings.count+1,count:e.siblings.count+1}),this.thread.replaceFrom(e,r),this.#r({type:`chat.regenerate`,payload:{message_id:n,...this.#t()}},t,r)}follow(e){let t=Zt();this.thread.push(t),this.#a({frameId:this.connection.follow(e),answer:t,question:void 0,opening:void 0})}follows(e){return[...this.#e.values()].some(t=>t.answer.turnId===e||this.connection.turnOf(t.frameId)===e)}stop(){for(let e of this.#e.keys())this.connection.stop(e)}enqueue(e){this.queue.value=[...this.queue.value,e],this.#i(e.opening,e.text,!0),this.#o(e)}async takeBack(e){if(this.#l(e),e.frameId===``)return;this.connection.leave(e.frameId);let t={conversation_id:this.thread.conversationId.value,page_size:200};for(let n=0;n<_r;n+=1){let{turns:n}=await this.rest.get(gr,t),r=n.find(t=>t.request_id===e.opening.payload.request_id);if(r!==void 0){await this.rest.post(`${gr}/${encodeURIComponent(r.turn_id)}:cancel`,{});return}await new Promise(e=>setTimeout(e,vr))}}hear(e,t){let n=this.queue.value.find(t=>t.frameId===e);n!==void 0&&this.#s(n,t);let r=this.#e.get(e);if(r===void 0)return;if(t.type===`chat.started`){this.#u(r,t);return}let i=dr(r.answer,t);r.answer.running?i!==``&&this.listener.said(r.answer,i):this.#d(r,i)}leave(){for(let e of[...this.#e.keys(),...this.queue.value.map(e=>e.frameId)])this.connection.leave(e);this.#e.clear(),this.running.value=void 0,this.queue.value=[]}#t(){let{value:e}=this.modelId;return{request_id:crypto.randomUUID(),...e===``?{}:{model_profile_id:e}}}#n(e){this.thread.conversationId.value===``?this.thread.agentId!==``&&(e.agent_id=this.thread.agentId):e.conversation_id=this.thread.conversationId.value}#r(e,t,n){this.#i(e,t?.text??``,!1),this.#a({frameId:this.connection.begin(e),answer:n,question:t,opening:e})}#i(e,t,n){Qn({opening:e,text:t,queued:n,conversationId:this.thread.conversationId.value})}#a(e){this.#e.set(e.frameId,e),this.running.value=e.answer}#o(e){this.thread.conversationId.value!==``&&(this.#n(e.opening.payload),this.#i(e.opening,e.text,!0),e.frameId=this.connection.begin(e.opening))}#s(e,t){if(t.type!==`chat.started`&&t.type!==`error`&&t.type!==`chat.failed`&&t.type!==`chat.cancelled`)return;if(this.#l(e),t.type===`chat.cancelled`||t.type===`chat.started`&&this.#c(t.payload)){this.connection.leave(e.frameId);return}let[n,r]=[Xt(e.text),Zt()];this.thread.push(n,r),this.#a({frameId:e.frameId,answer:r,question:n,opening:e.opening})}#c(e){return this.thread.entries.value.some(t=>t.messageId===e.assistant_message_id&&!t.running)}#l(e){er(e.opening.payload.request_id),this.queue.value=this.queue.value.filter(t=>t!==e)}#u(e,t){let n=t.payload,{answer:r,question:i,opening:a}=e,o=this.thread.conversationId.value===``;this.thread.conversationId.value=n.conversation_id,this.thread.agentId=n.agent_id,a!==void 0&&(this.#i(a,i?.text??``,!1),$n(a.payload.request_id)),i!==void 0&&i.messageId===``&&(i.messageId=n.user_message_id,i.changed.beat()),dr(r,t),this.listener.begun(r,n,o),this.thread.questionOf(r)?.messageId!==n.user_message_id&&this.listener.strayed(r,n);for(let e of this.queue.value.filter(e=>e.frameId===``))this.#o(e)}#d(e,t){let{answer:n,question:r,opening:i}=e;this.#e.delete(e.frameId),this.running.value=[...this.#e.values()].at(-1)?.answer,i!==void 0&&(er(i.payload.request_id),n.retry=()=>this.#f(i,r,n),n.changed.beat()),this.listener.ended(n,t,i!==void 0&&i.type!==`chat.send`)}#f(e,t,n){if(n.messageId!==``||t!==void 0&&t.messageId!==``){this.regenerate(n);return}let r=Zt();this.thread.replaceFrom(n,r);let i={...e,payload:{...e.payload,request_id:crypto.randomUUID()}};this.#r(i,t,r)}},br=class{told;#e;#t=``;constructor(e){this.told=e,document.addEventListener(`visibilitychange`,()=>this.look())}turnTo(e){e!==this.#t&&(this.#t=e,this.#n(),this.look())}look(){if(document.hidden||this.#t===``)this.#n();else if(this.#e===void 0||this.#e.readyState===EventSource.CLOSED){let e=new EventSource(`/api/v1/chat/conversations/${encodeURIComponent(this.#t)}:watch`);e.addEventListener(`message`,e=>{this.told(JSON.parse(String(e.data)).conversation)}),this.#e=e}}#n(){this.#e?.close(),this.#e=void 0}},xr=class{rest=new tt;layout=new _n;mesh=new Nn(this.rest);chats=new It(this.rest);search=new Un(this.rest);approvals=new kt(this.rest);files=new dn(this.rest,{imported:e=>this.#a(e),done:e=>this.layout.announce(e),refused:e=>this.layout.tell(e)});receipts=new zn(this.rest);budgets=new Nt(this.rest);level=new wn(this.rest);configuration=new zt(this.rest);mind=new Fn(this.rest);thread=new cr;memories=new kn(this.rest,()=>this.thread.agentId);turns;talk;#e;#t=new br(e=>this.#l(e));#n=new BroadcastChannel(`soma`);#r=!1;constructor(){this.#e=new Ye({connected:e=>{this.mesh.agents.value=e.agents,this.mesh.userId=e.user_id,this.mesh.roles.value=e.roles??[],this.#d()},link:e=>this.#u(e),frame:(e,t)=>this.turns.hear(e,t),title:e=>this.chats.titled(e.conversation_id,e.title)},this.rest),this.turns=new yr(this.thread,this.#e,this.rest,{begun:(e,t,n)=>void this.#i(e,t,n),said:(e,t)=>this.#o(t),ended:(e,t,n)=>this.#s(e,t,n),strayed:(e,t)=>void this.talk.straighten(e,t.user_message_id)}),this.talk=new or(this.rest,this.thread,this.turns),this.#n.addEventListener(`message`,()=>this.#f()),document.addEventListener(`visibilitychange`,()=>{document.hidden||this.#f()}),addEventListener(`hashchange`,()=>this.#p()),this.thread.conversationId.watch(()=>this.#t.turnTo(this.thread.conversationId.value))}start(){this.talk.takeUp().then(e=>{e||this.#p()}),this.#e.open()}newChat(){this.layout.railOpen.value=!1,history.pushState(null,``,location.pathname),this.talk.fresh()}openChat(e,t=``){this.layout.railOpen.value=!1,t===``?location.hash=e:(history.pushState(null,``,`#${e}`),this.talk.open(e,t))}get asksIn(){return this.thread.asking?this.thread.conversationId.value:this.approvals.waiting.value[0]?.conversation_id}openApproval(e){this.layout.seekApproval(),e!==this.thread.conversationId.value&&this.openChat(e),this.layout.railOpen.value=!1}async deleteChat(e){await this.chats.delete(e),e===this.thread.conversationId.value&&this.newChat(),this.#n.postMessage(`deleted`)}showReceipt(e){this.layout.openDrawer(`receipt`),this.receipts.show(e)}showMemory(e){this.layout.openDrawer(`memory`),this.memories.show(e)}async loadBudgets(){let{agentId:e,conversationId:t}=this.thread;await this.budgets.load(e,t.value,this.mesh.isOperator)}async#i(e,t,n){this.mesh.level.value=e.level,this.mesh.usedModel.value=e.model,this.layout.announce(`The answer begins.`),n&&(history.replaceState(null,``,`#${t.conversation_id}`),this.chats.callFirst(t.conversation_id,Ct(this.thread.questionOf(e)?.text??``))),this.#n.postMessage(`begun`),await this.chats.refresh()}#a(e){this.openChat(e),this.#n.postMessage(`imported`),this.chats.refresh()}#o(e){this.layout.announce(e),this.approvals.refresh()}#s(e,t,n){this.layout.announce(t),this.#n.postMessage(`ended`),this.chats.refresh(),this.mesh.refresh(),e.tools.some(e=>e.consent!==void 0)&&this.approvals.refresh(),this.#c(e),e.problem?.code===`CURSOR_TOO_OLD`?this.talk.open(this.thread.conversationId.value):n&&this.talk.refresh()}#c(e){let{drawerOpen:t,tab:n}=this.layout;t.value&&(n.value===`receipt`&&e.receiptId!==``?this.receipts.show(e.receiptId):n.value===`mind`?this.mind.load(this.thread.agentId):n.value===`budget`&&this.loadBudgets())}#l(e){this.chats.titled(e.conversation_id,e.title),this.talk.heard(e)}#u(e){this.#r||=e===`lost`,this.mesh.link.value=e}async#d(){this.#r&&(this.#r=!1,this.layout.announce(`Connected again.`)),this.#t.look(),this.level.look();let{chats:e,mesh:t,approvals:n,talk:r}=this;await Promise.all([e.refresh(),t.refresh(),t.refreshAgents(),n.refresh(),r.refresh()])}#f(){this.chats.refresh(),this.approvals.refresh(),this.talk.refresh()}#p(){let e=location.hash.slice(1);e.startsWith(`memory=`)?(this.layout.openDrawer(`memory`),this.memories.show(e.slice(7))):e===``?this.talk.fresh():e!==this.thread.conversationId.value&&this.talk.open(e)}},V=class extends E{static properties={store:{attribute:!1}};#e=[];watched(){return[]}connectedCallback(){super.connectedCallback(),this.#e=this.watched().map(e=>e.watch(()=>this.requestUpdate()))}disconnectedCallback(){super.disconnectedCallback();for(let e of this.#e)e();this.#e=[]}},Sr=class extends E{static properties={question:{attribute:!1}};answer=()=>void 0;static styles=[O,k,o`
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
    `];render(){return b`<dialog aria-labelledby="title" aria-describedby="text" @close=${e=>this.#e(e)}>
      <h2 id="title">${this.question.title}</h2>
      <p id="text">${this.question.text}</p>
      <form class="row" method="dialog">
        <button type="submit" value="">${this.question.refrain??`Keep it`}</button>
        <button class="danger" type="submit" value="sure">${this.question.act}</button>
      </form>
    </dialog>`}firstUpdated(){this.renderRoot.querySelector(`dialog`)?.showModal()}#e(e){this.answer(e.target.returnValue===`sure`)}};customElements.define(`soma-confirm`,Sr);async function Cr(e){let t=new Sr;t.question=e;let n=new Promise(e=>{t.answer=e});document.body.append(t);let r=await n;return t.remove(),r}var wr=class extends V{static properties={chat:{attribute:!1},shown:{type:Boolean,reflect:!0},naming:{state:!0}};static shadowRootOptions={...E.shadowRootOptions,delegatesFocus:!0};static styles=[O,k,o`
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
    `];constructor(){super(),this.naming=!1}render(){let{chat:e}=this,t=this.store.chats.nameOf(e)||`Untitled, ${bt(new Date(e.create_time))}`;return this.naming?b`<input
        aria-label="New name"
        maxlength="200"
        .value=${e.title}
        @keydown=${e=>this.#t(e)}
        @blur=${()=>this.naming=!1}
      />`:b`<button
        class="open cut"
        type="button"
        title=${t}
        aria-current=${this.shown?`page`:C}
        @click=${()=>this.store.openChat(e.conversation_id)}
      >
        ${t}
      </button>
      <span class="acts">
        <button class="plain icon" type="button" aria-label=${`Rename “${t}”`} title="Rename" @click=${()=>void this.#e()}>
          ${D(`pen`)}
        </button>
        <button class="plain icon" type="button" aria-label=${`Delete “${t}”`} title="Delete" @click=${()=>void this.#n(t)}>
          ${D(`bin`)}
        </button>
      </span>`}async#e(){this.naming=!0,await this.updateComplete;let e=this.renderRoot.querySelector(`input`);e?.focus(),e?.select()}#t(e){if(e.key===`Escape`)e.preventDefault(),this.naming=!1;else if(e.key===`Enter`){let t=e.target.value.trim();this.naming=!1,this.#r(this.store.chats.rename(this.chat.conversation_id,t),`Renamed.`)}}async#n(e){await Cr({title:`Delete “${e}”?`,text:`The conversation and its ${N(this.chat.message_count,`message`)} are deleted for good. What was learned from it is forgotten; receipts stay, they hold no text.`,act:`Delete`})&&await this.#r(this.store.deleteChat(this.chat.conversation_id),`Deleted.`)}async#r(e,t){try{await e,this.store.layout.announce(t)}catch(e){this.store.layout.tell(j(e))}}};customElements.define(`soma-chat-row`,wr);var Tr=class extends V{static styles=[O,k,A,o`
      :host {
        display: block;
      }
      h2 {
        padding: var(--s4) var(--s2) var(--s1);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        font-weight: 500;
      }
      .hit {
        display: block;
        width: 100%;
        padding: var(--s2);
        border: 0;
        background: none;
        text-align: left;
        font-size: var(--size-small);
      }
      .hit .head {
        display: flex;
        gap: var(--s2);
        font-size: var(--size-tiny);
      }
      .hit .head .cut {
        flex: 1;
      }
      .snippet {
        display: -webkit-box;
        overflow: hidden;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 3;
        overflow-wrap: anywhere;
        line-height: 1.4;
      }
      mark {
        border-radius: 2px;
        background: var(--accent-soft);
        color: var(--accent);
        font-weight: 600;
      }
      .empty {
        padding: 0 var(--s2);
      }
      .more {
        width: 100%;
      }
    `];watched(){return[this.store.search.found,this.store.search.problem]}render(){let{found:e,problem:t,hasMore:n}=this.store.search;if(t.value!==void 0)return b`<h2>In messages</h2><p class="problem" role="alert">${t.value.message}</p>`;if(e.value===void 0)return C;let r=`${N(e.value.length,`place`)}${n?` and more`:``}`;return b`<h2>In messages${e.value.length===0?``:` · ${r}`}</h2>
      <p class="unseen" role="status">Found in messages: ${r}</p>
      ${e.value.length===0?b`<p class="quiet small empty">No message has all of these words.</p>`:C}
      <ul>${e.value.map(e=>b`<li>${this.#e(e)}</li>`)}</ul>
      ${n?b`<button class="plain more" type="button" @click=${()=>void this.store.search.more()}>Show more</button>`:C}`}#e(e){return b`<button class="hit" type="button" @click=${()=>this.store.openChat(e.conversation_id,e.message_id)}>
      <span class="head quiet">
        <span class="cut">${e.conversation_title||`Untitled chat`}</span>
        <span>${e.role===`ROLE_USER`?`You`:`Answer`} · ${xt(e.create_time)}</span>
      </span>
      <span class="snippet">${Er(e)}</span>
    </button>`}};function Er({snippet:e,spans:t}){let n=[...e],r=(e,t)=>n.slice(e,t).join(``),i=0;return b`${t.map(({start:e,end:t})=>{let n=r(i,e);return i=t,b`${n}<mark>${r(e,t)}</mark>`})}${r(i)}`}customElements.define(`soma-found`,Tr);var Dr=200,Or=class extends V{static styles=[O,k,A,o`
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
      .waits {
        display: flex;
        gap: var(--s2);
        width: 100%;
        min-height: 32px;
        padding: 0 var(--s2);
        border: 0;
        background: none;
        text-align: left;
        font-size: var(--size-small);
      }
      .waits svg {
        flex: none;
        color: var(--warn);
      }
      .waits .cut {
        flex: 1;
      }
      .more {
        width: 100%;
        margin-top: var(--s2);
      }
    `];#e;watched(){let{chats:e,thread:t,layout:n,approvals:r}=this.store;return[e.list,e.problem,e.filter,t.conversationId,n.narrow,r.waiting]}render(){let{store:e}=this;return b`
      <div class="brand">
        <img src="/static/icon.svg" alt="" /><span>SomaStack</span>
        ${e.layout.narrow.value?b`<button class="plain icon" type="button" aria-label="Close" @click=${()=>e.layout.railOpen.value=!1}>
              ${D(`close`)}
            </button>`:C}
      </div>
      <div class="top">
        <button class="new" type="button" @click=${()=>e.newChat()}>${D(`plus`)} New chat <kbd>Alt N</kbd></button>
        <div class="filter" role="search">
          ${D(`search`)}
          <input
            type="search"
            aria-label="Search conversations"
            placeholder="Search"
            maxlength="200"
            .value=${e.chats.filter.value}
            @input=${e=>this.#a(e.target.value)}
            @keydown=${e=>this.#o(e)}
          />
        </div>
      </div>
      <div class="list" @keydown=${e=>this.#o(e)}>
        ${this.#t()} ${this.#r()} <soma-found .store=${e}></soma-found>
      </div>
    `}#t(){let{value:e}=this.store.approvals.waiting;return e.length===0?C:b`<h2>Waits for you · ${e.length}</h2>
      <ul>
        ${e.map(e=>b`<li>${this.#n(e)}</li>`)}
      </ul>`}#n({request:e,conversation_id:t,conversation_title:n}){let r=`${e.call.name} in “${n||`Untitled chat`}”`;return b`<button class="waits" type="button" title=${r} @click=${()=>this.store.openApproval(t)}>
      ${D(`wait`)}<span class="cut">${r}</span>
    </button>`}#r(){let{list:e,problem:t,filter:n}=this.store.chats;return t.value===void 0?e.value===void 0?C:e.value.length===0?b`<p class="quiet small empty">${n.value.trim()===``?`Your conversations will stand here.`:`No title contains this.`}</p>`:b`${[...Map.groupBy(e.value,e=>xt(e.update_time))].map(([e,t])=>this.#i(e,t))}
    ${this.store.chats.hasMore?b`<button class="plain more" type="button" @click=${()=>void this.store.chats.loadMore()}>Show older</button>`:C}`:b`<p class="problem">${t.value.message}</p>`}#i(e,t){let n=this.store.thread.conversationId.value;return b`<h2>${e}</h2>
      <ul>
        ${t.map(e=>b`<li>
            <soma-chat-row .store=${this.store} .chat=${e} .shown=${e.conversation_id===n}></soma-chat-row>
          </li>`)}
      </ul>`}#a(e){clearTimeout(this.#e),this.#e=setTimeout(()=>{this.store.chats.narrow(e),this.store.search.look(e)},Dr)}#o(e){let t=e.key===`ArrowDown`?1:e.key===`ArrowUp`?-1:0,n=this.renderRoot.querySelector(`input`),r=e.composedPath()[0];if(!(n===null||r instanceof HTMLInputElement&&r!==n)){if(e.key===`Escape`&&n.value!==``)e.preventDefault(),n.value=``,this.#a(``),n.focus();else if(t!==0){e.preventDefault();let r=[n,...this.#s()],i=r.findIndex(e=>e.matches(`:focus, :focus-within`));r[Math.min(r.length-1,Math.max(0,i+t))]?.focus()}}}#s(){let e=this.renderRoot.querySelector(`soma-found`)?.shadowRoot?.querySelectorAll(`button`)??[];return[...this.renderRoot.querySelectorAll(`.waits, soma-chat-row, .list > .more`),...e]}};customElements.define(`soma-rail`,Or);function kr(){return/mac|iphone|ipad/i.test(navigator.userAgent)}var Ar={L0:`Everything works and is used.`,L1:`History has a smaller share, and fewer tools are on offer.`,L2:`There is room for little history and for one tool.`,L3:`Answers go without history and without tools.`,L4:`No model is called: the agent gives its prepared answer.`};function jr(e){return Ar[I(e)]??``}function Mr({level:e,reasons:t}){let n=I(e);return n===`L0`||Ar[n]===void 0?t.length===0?``:N(t.length,`notice`):`Level ${n}`}var Nr=class extends V{static styles=[O,k,o`
      button {
        min-height: 24px;
        padding: 0 var(--s2);
        border-color: var(--hairline);
        border-radius: 12px;
        background: none;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        white-space: nowrap;
      }
      button.lower {
        border-color: var(--warn);
        background: var(--warn-soft);
        color: var(--warn);
      }
    `];#e=``;watched(){return[this.store.level.status,this.store.layout.drawerOpen,this.store.layout.tab]}willUpdate(){let{value:e}=this.store.level.status,t=I(e?.level??``);this.#e!==``&&t!==``&&t!==this.#e&&this.store.layout.announce(`The level is ${t} now. ${jr(t)}`),this.#e=t||this.#e}render(){let{level:e,layout:t}=this.store,{value:n}=e.status,r=n===void 0?``:Mr(n);if(n===void 0||r===``)return C;let i=n.reasons[0]?.sentence??jr(n.level),a=t.drawerOpen.value&&t.tab.value===`level`;return b`<button
      class=${I(n.level)===`L0`?``:`lower`}
      type="button"
      title=${i}
      aria-label=${`${r}: ${i}`}
      aria-expanded=${a}
      @click=${()=>t.toggleDrawer(`level`)}
    >
      ${r}
    </button>`}};customElements.define(`soma-level-sign`,Nr);var Pr=class extends V{static properties={open:{state:!0}};static styles=[O,k,o`
      :host {
        position: relative;
      }
      [role="menu"] {
        position: absolute;
        z-index: 4;
        top: 36px;
        right: 0;
        min-width: 208px;
        padding: var(--s1);
        border: 1px solid var(--outline);
        border-radius: var(--corner);
        background: var(--raised);
      }
      [role="menuitem"] {
        justify-content: flex-start;
        width: 100%;
        border: 0;
        background: none;
        text-align: left;
        font-size: var(--size-small);
      }
    `];constructor(){super(),this.open=!1}watched(){return[this.store.thread.conversationId]}render(){return b`<button
        class="plain icon"
        type="button"
        aria-label="Conversation menu"
        title="Export and import"
        aria-haspopup="menu"
        aria-expanded=${this.open}
        @click=${()=>this.open=!this.open}
        @keydown=${e=>this.#i(e)}
      >
        ${D(`more`)}
      </button>
      <div
        role="menu"
        aria-label="Conversation"
        ?hidden=${!this.open}
        @keydown=${e=>this.#a(e)}
        @focusout=${e=>this.#o(e)}
      >
        ${this.#e().map(e=>b`<button role="menuitem" type="button" tabindex="-1" ?disabled=${e.needsChat&&this.store.thread.conversationId.value===``} @click=${()=>this.#n(e)}>
            ${e.name}
          </button>`)}
      </div>`}updated(e){e.has(`open`)&&this.open&&this.#t()[0]?.focus()}#e(){let{store:e}=this;return[{name:`Export as JSON`,needsChat:!0,act:()=>void e.files.take(e.thread.conversationId.value,`json`)},{name:`Export as Markdown`,needsChat:!0,act:()=>void e.files.take(e.thread.conversationId.value,`markdown`)},{name:`Import a conversation`,needsChat:!1,act:()=>e.files.choose()}]}#t(){return[...this.renderRoot.querySelectorAll(`[role="menuitem"]:not(:disabled)`)]}#n(e){this.#r(),e.act()}#r(){this.open=!1,this.renderRoot.querySelector(`[aria-haspopup]`)?.focus()}#i(e){e.key===`ArrowDown`&&(e.preventDefault(),this.open=!0)}#a(e){let t=this.#t(),n=t.findIndex(e=>e.matches(`:focus`)),r={ArrowDown:n+1,ArrowUp:n-1,Home:0,End:t.length-1}[e.key];r===void 0?e.key===`Escape`&&(e.preventDefault(),this.#r()):(e.preventDefault(),t[(r+t.length)%t.length]?.focus())}#o(e){e.relatedTarget instanceof Node&&this.renderRoot.contains(e.relatedTarget)||(this.open=!1)}};customElements.define(`soma-menu`,Pr);var Fr=[{tab:`receipt`,name:`Receipt`,sign:`receipt`},{tab:`mind`,name:`Mind`,sign:`mind`},{tab:`memory`,name:`Memory`,sign:`memory`}],Ir=class extends V{static styles=[O,k,o`
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
      .badge {
        position: absolute;
        top: 2px;
        right: 2px;
        min-width: 14px;
        padding: 0 3px;
        border-radius: 7px;
        background: var(--warn);
        color: var(--ground);
        font-size: 10px;
        font-weight: 700;
        line-height: 14px;
      }
      button.icon {
        position: relative;
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
        select:disabled {
          display: none;
        }
      }
    `];watched(){let{layout:e,thread:t,chats:n,mesh:r,approvals:i}=this.store;return[e.narrow,e.railOpen,e.drawerOpen,e.tab,t.conversationId,t.conversation,n.list,r.agents,i.waiting]}render(){let{layout:e,approvals:t}=this.store,n=t.waiting.value.length;return b`
      ${e.narrow.value?b`<button
            class="plain icon"
            type="button"
            aria-label=${n===0?`Conversations`:`Conversations, ${n} waiting for your consent`}
            aria-expanded=${e.railOpen.value}
            @click=${()=>e.railOpen.value=!0}
          >
            ${D(`menu`)}${n===0?C:b`<span class="badge" aria-hidden="true">${n}</span>`}
          </button>`:C}
      <h1 class="cut">${this.#e()}</h1>
      <soma-level-sign .store=${this.store}></soma-level-sign>
      <soma-menu .store=${this.store}></soma-menu>
      ${this.#t()}
      <button
        class="plain palette"
        type="button"
        aria-label="Commands"
        title="Commands"
        @click=${()=>e.paletteOpen.value=!0}
      >
        ${D(`search`)} <kbd>${kr()?`⌘`:`Ctrl`} K</kbd>
      </button>
      <div class="doors">${Fr.map(e=>this.#n(e.tab,e.name,e.sign))}</div>
    `}#e(){let{chats:e,thread:t}=this.store,n=t.conversationId.value,r=e.list.value?.find(e=>e.conversation_id===n)??t.conversation.value;return n===``?`New chat`:r&&e.nameOf(r)||`Untitled chat`}#t(){let{mesh:e,thread:t}=this.store,n=e.agents.value;if(n.length<2)return C;let r=t.conversationId.value!==``;return b`<select
      aria-label="Agent"
      title=${r?`A conversation keeps its agent`:`Who answers`}
      ?disabled=${r}
      @change=${e=>t.agentId=e.target.value}
    >
      ${n.map(e=>b`<option value=${e.agent_id} ?selected=${e.agent_id===t.agentId}>${e.name}</option>`)}
    </select>`}#n(e,t,n){let{layout:r}=this.store;return b`<button
      class="plain icon"
      type="button"
      aria-label=${t}
      title=${t}
      aria-expanded=${r.drawerOpen.value&&r.tab.value===e}
      @click=${()=>r.toggleDrawer(e)}
    >
      ${D(n)}
    </button>`}};customElements.define(`soma-head`,Ir);var Lr={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},Rr=e=>(...t)=>({_$litDirective$:e,values:t}),zr=class{constructor(e){}get _$AU(){return this._$AM._$AU}_$AT(e,t,n){this._$Ct=e,this._$AM=t,this._$Ci=n}_$AS(e,t){return this.update(e,t)}update(e,t){return this.render(...t)}},{I:Br}=Le,Vr=e=>e,Hr=()=>document.createComment(``),Ur=(e,t,n)=>{let r=e._$AA.parentNode,i=t===void 0?e._$AB:t._$AA;if(n===void 0)n=new Br(r.insertBefore(Hr(),i),r.insertBefore(Hr(),i),e,e.options);else{let t=n._$AB.nextSibling,a=n._$AM,o=a!==e;if(o){let t;n._$AQ?.(e),n._$AM=e,n._$AP!==void 0&&(t=e._$AU)!==a._$AU&&n._$AP(t)}if(t!==i||o){let e=n._$AA;for(;e!==t;){let t=Vr(e).nextSibling;Vr(r).insertBefore(e,i),e=t}}}return n},H=(e,t,n=e)=>(e._$AI(t,n),e),Wr={},Gr=(e,t=Wr)=>e._$AH=t,Kr=e=>e._$AH,qr=e=>{e._$AR(),e._$AA.remove()},Jr=(e,t,n)=>{let r=new Map;for(let i=t;i<=n;i++)r.set(e[i],i);return r},Yr=Rr(class extends zr{constructor(e){if(super(e),e.type!==Lr.CHILD)throw Error(`repeat() can only be used in text expressions`)}dt(e,t,n){let r;n===void 0?n=t:t!==void 0&&(r=t);let i=[],a=[],o=0;for(let t of e)i[o]=r?r(t,o):o,a[o]=n(t,o),o++;return{values:a,keys:i}}render(e,t,n){return this.dt(e,t,n).values}update(e,[t,n,r]){let i=Kr(e),{values:a,keys:o}=this.dt(t,n,r);if(!Array.isArray(i))return this.ut=o,a;let s=this.ut??=[],c=[],l,u,d=0,f=i.length-1,p=0,m=a.length-1;for(;d<=f&&p<=m;)if(i[d]===null)d++;else if(i[f]===null)f--;else if(s[d]===o[p])c[p]=H(i[d],a[p]),d++,p++;else if(s[f]===o[m])c[m]=H(i[f],a[m]),f--,m--;else if(s[d]===o[m])c[m]=H(i[d],a[m]),Ur(e,c[m+1],i[d]),d++,m--;else if(s[f]===o[p])c[p]=H(i[f],a[p]),Ur(e,i[d],i[f]),f--,p++;else if(l===void 0&&(l=Jr(o,p,m),u=Jr(s,d,f)),l.has(s[d])){if(l.has(s[f])){let t=u.get(o[p]),n=t===void 0?null:i[t];if(n===null){let t=Ur(e,i[d]);H(t,a[p]),c[p]=t}else c[p]=H(n,a[p]),Ur(e,i[d],n),i[t]=null;p++}else qr(i[f]),f--}else qr(i[d]),d++;for(;p<=m;){let t=Ur(e,c[m+1]);H(t,a[p]),c[p++]=t}for(;d<=f;){let e=i[d++];e!==null&&qr(e)}return this.ut=o,Gr(e,c),S}});function Xr(){return{async:!1,breaks:!1,extensions:null,gfm:!0,hooks:null,pedantic:!1,renderer:null,silent:!1,tokenizer:null,walkTokens:null}}var Zr=Xr();function Qr(e){Zr=e}var $r={exec:()=>null};function ei(e){let t=[];return n=>{let r=Math.max(0,Math.min(3,n-1)),i=t[r];return i||(i=e(r),t[r]=i),i}}function U(e,t=``){let n=typeof e==`string`?e:e.source,r={replace:(e,t)=>{let i=typeof t==`string`?t:t.source;return i=i.replace(W.caret,`$1`),n=n.replace(e,i),r},getRegex:()=>new RegExp(n,t)};return r}var ti=((e=``)=>{try{return!!RegExp(`(?<=1)(?<!1)`+e)}catch{return!1}})(),W={codeRemoveIndent:/^(?: {0,3}\t| {1,4})/gm,listInterruptsParagraph:/^ {0,3}(?:[*+-]|1[.)])[ \t]+[^ \t\n]/,outputLinkReplace:/\\([\[\]])/g,indentCodeCompensation:/^(\s+)(?:```)/,beginningSpace:/^\s+/,endingHash:/#$/,startingSpaceChar:/^ /,endingSpaceChar:/ $/,endingSpaceTabChar:/[ \t]$/,nonSpaceChar:/[^ ]/,newLineCharGlobal:/\n/g,tabCharGlobal:/\t/g,leadingSpaceTab:/^[ \t]+/,multipleSpaceGlobal:/\s+/g,blankLine:/^[ \t]*$/,doubleBlankLine:/\n[ \t]*\n[ \t]*$/,blockquoteStart:/^ {0,3}>/,blockquoteSetextReplace:/\n {0,3}((?:=+|-+)[ \t]*)(?=\n|$)/g,blockquoteSetextReplace2:/^ {0,3}>[ \t]?/gm,blockquoteMarkerWhitespace:/^( {0,3}>)(\t[ \t]*)/gm,nestedBlockMarker:/^ {0,3}(?:(?:[*+-]|\d{1,9}[.)])(?: |$)|> ?)/,listReplaceNesting:/^ {1,4}(?=( {4})*[^ ])/g,listIsTask:/^\[[ xX]\][ \t]+\S/,listReplaceTask:/^\[[ xX]\][ \t]+/,listTaskCheckbox:/\[[ xX]\]/,anyLine:/\n.*\n/,hrefBrackets:/^<(.*)>$/,tableDelimiter:/[:|]/,tableAlignChars:/^\||\| *$/g,tableRowBlankLine:/\n[ \t]*$/,tableAlignRight:/^ *-+: *$/,tableAlignCenter:/^ *:-+: *$/,tableAlignLeft:/^ *:-+ *$/,startATag:/^<a /i,endATag:/^<\/a>/i,startPreScriptTag:/^<(pre|code|kbd|script)(\s|>)/i,endPreScriptTag:/^<\/(pre|code|kbd|script)(\s|>)/i,startAngleBracket:/^</,endAngleBracket:/>$/,pedanticHrefTitle:/^([^'"]*[^\s])\s+(['"])(.*)\2/,unicodeAlphaNumeric:/[\p{L}\p{N}]/u,numericCharacterReference:/&#(?:(\d{1,7})|[Xx]([A-Fa-f0-9]{1,6}));/,numericCharacterReferenceOrAmpersand:/&#(?:(\d{1,7})|[Xx]([A-Fa-f0-9]{1,6}));|&(?!(#\d{1,7}|#[Xx][a-fA-F0-9]{1,6}|\w+);)/g,escapeTest:/[&<>"']/,escapeReplace:/[&<>"']/g,escapeTestNoEncode:/[<>"']|&(?!(#\d{1,7}|#[Xx][a-fA-F0-9]{1,6}|\w+);)/,escapeReplaceNoEncode:/[<>"']|&(?!(#\d{1,7}|#[Xx][a-fA-F0-9]{1,6}|\w+);)/g,caret:/(^|[^\[])\^/g,percentDecode:/%25/g,findPipe:/\|/g,splitPipe:/ \|/,slashPipe:/\\\|/g,carriageReturn:/\r\n|\r/g,spaceLine:/^ +$/gm,notSpaceStart:/^\S*/,endingNewline:/\n$/,listItemRegex:e=>RegExp(`^( {0,3}${e})((?:[	 ][^\\n]*)?(?:\\n|$))`),nextBulletRegex:ei(e=>RegExp(`^ {0,${e}}(?:[*+-]|\\d{1,9}[.)])((?:[ 	][^\\n]*)?(?:\\n|$))`)),hrRegex:ei(e=>RegExp(`^ {0,${e}}((?:-[ 	]*){3,}|(?:_[ 	]*){3,}|(?:\\*[ 	]*){3,})(?:\\n+|$)`)),fencesBeginRegex:ei(e=>RegExp(`^ {0,${e}}(?:\`\`\`|~~~)`)),headingBeginRegex:ei(e=>RegExp(`^ {0,${e}}#{1,6}(?:\\s|$)`)),pedanticHeadingBeginRegex:ei(e=>RegExp(`^ {0,${e}}#`)),htmlBeginRegex:ei(e=>RegExp(`^ {0,${e}}(?:</?(?:${ci})(?:[ \\t]+|$|/?>)|<(?:(?:script|pre|style|textarea)(?:[\\s>]|$)|!--)|<\\?|<![A-Za-z]|<!\\[CDATA\\[)`,`i`)),blockquoteBeginRegex:ei(e=>RegExp(`^ {0,${e}}>`)),nestedContainerMarkers:/^(?: {0,3}(?:(?:[*+-]|\d{1,9}[.)])[ \t]+|>[ \t]?))+/},ni=/^(?:[ \t]*(?:\n|$))+/,ri=/^((?: {4}| {0,3}\t)[^\n]+(?:\n(?:[ \t]*(?:\n|$))*)?)+/,ii=/^ {0,3}(`{3,}(?=[^`\n]*(?:\n|$))|~{3,})([^\n]*)(?:\n|$)(?:|([\s\S]*?)(?:\n|$))(?: {0,3}(?:(?=`)\1`*|(?=~)\1~*) *(?=\n|$)|$)/,ai=/^ {0,3}((?:-[\t ]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})(?:\n+|$)/,oi=/^ {0,3}(#{1,6})(?=\s|$)(.*)(?:\n+|$)/,si=/ {0,3}(?:[*+-]|\d{1,9}[.)])/,ci=`address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|meta|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul`,li=U(` {0,3}(?:</?(?:tag)(?:[ \\t]+|\\n|/?>)|<(?:(?:script|pre|style|textarea)(?:[\\s>]|$)|!--)|<\\?|<![A-Za-z]|<!\\[CDATA\\[)`).replace(`tag`,ci).getRegex(),ui=/^(?!bull |blockCode|fences|blockquote|heading|html|table)((?:.|\n(?!\s*?\n|bull |fences|blockquote|heading|hr|html|table))+?)\n {0,3}(=+|-+)[ \t]*(?:\n+|$)/,di=U(ui).replace(/bull/g,si).replace(/blockCode/g,/(?: {4}| {0,3}\t)/).replace(/fences/g,/ {0,3}(?:`{3,}|~{3,})/).replace(/blockquote/g,/ {0,3}>/).replace(/heading/g,/ {0,3}#{1,6}(?:\s|$)/).replace(/hr/g,/ {0,3}(?:(?:-[\t ]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})(?:\n+|$)/).replace(/\|table/g,``).replace(/html/g,li).getRegex(),fi=U(ui).replace(/bull/g,si).replace(/blockCode/g,/(?: {4}| {0,3}\t)/).replace(/fences/g,/ {0,3}(?:`{3,}|~{3,})/).replace(/blockquote/g,/ {0,3}>/).replace(/heading/g,/ {0,3}#{1,6}(?:\s|$)/).replace(/hr/g,/ {0,3}(?:(?:-[\t ]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})(?:\n+|$)/).replace(/table/g,/ {0,3}\|?(?:[:\- ]*\|)+[\:\- ]*\n/).replace(/html/g,li).getRegex(),pi=/^([^\n]+(?:\n(?!hr|heading|lheading|blockquote|fences|list|html|table|[ \t]+\n)[^\n]+)*)/,mi=/^[^\n]+/,hi=/(?!\s*\])(?:\\[\s\S]|[^\[\]\\\n]|\n(?![ \t]*\n))+/,gi=U(/^ {0,3}\[(label)\]: *(?:\n[ \t]*)?([^<\s][^\s]*|<(?:\\.|[^\n<>\\])*>)(?:(?: +(?:\n[ \t]*)?| *\n[ \t]*)(title))? *(?:\n+|$)/).replace(`label`,hi).replace(`title`,/(?:"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\\n]|\n(?!\n))*'|\((?:\\[\s\S]|[^()\\])*\))/).getRegex(),_i=U(/^(bull)([ \t][^\n]*?)?(?:\n|$)/).replace(/bull/g,si).getRegex(),vi=/<!--(?:-?>|[\s\S]*?(?:-->|$))/,yi=U(`^ {0,3}(?:<(script|pre|style|textarea)[\\s>][\\s\\S]*?(?:</\\1>[^\\n]*\\n*|$)|comment[^\\n]*(\\n+|$)|<\\?[\\s\\S]*?(?:\\?>[^\\n]*\\n*|$)|<![A-Z][\\s\\S]*?(?:>[^\\n]*\\n*|$)|<!\\[CDATA\\[[\\s\\S]*?(?:\\]\\]>[^\\n]*\\n*|$)|</?(tag)(?:[ \\t]+|\\n|/?>|$)[\\s\\S]*?(?:(?:\\n[ 	]*)+\\n|$)|<(?!(?:script|pre|style|textarea)(?![a-z0-9-]))([a-z][a-z0-9-]*)(?:attribute)*?[ \\t]*/?>(?=[ \\t]*(?:\\n|$))[\\s\\S]*?(?:(?:\\n[ 	]*)+\\n|$)|</[a-z][a-z0-9-]*\\s*>(?=[ \\t]*(?:\\n|$))[\\s\\S]*?(?:(?:\\n[ 	]*)+\\n|$))`,`i`).replace(`comment`,vi).replace(`tag`,ci).replace(`attribute`,/[ \t]+[a-zA-Z:_][\w.:-]*(?:[ \t]*=[ \t]*"[^"\n]*"|[ \t]*=[ \t]*'[^'\n]*'|[ \t]*=[ \t]*[^\s"'=<>`]+)?/).getRegex(),bi=e=>U(pi).replace(`hr`,ai).replace(`heading`,` {0,3}#{1,6}(?:\\s|$)`).replace(`|lheading`,``).replace(`|table`,``).replace(`blockquote`,` {0,3}>`).replace(`fences`," {0,3}(?:`{3,}(?=[^`\\n]*(?:\\n|$))|~~~)[^\\n]*(?:\\n|$)").replace(`list`,e).replace(`html`,li).getRegex(),xi=bi(/ {0,3}(?:[*+-]|1[.)])[ \t]+[^ \t\n]/),Si=bi(/ {0,3}(?:[*+-]|\d{1,9}[.)])(?:[ \t]|\n|$)/),Ci={blockquote:U(/^( {0,3}> ?(?:(?![ \t]*(?:\n|$))(paragraph)|[^\n]*)(?:\n|$))+/).replace(`paragraph`,Si).getRegex(),code:ri,def:gi,fences:ii,heading:oi,hr:ai,html:yi,lheading:di,list:_i,newline:ni,paragraph:xi,table:$r,text:mi},wi=U(`^ *([^\\n ].*)\\n {0,3}((?:\\| *)?:?-+:? *(?:\\| *:?-+:? *)*(?:\\| *)?)(?:\\n((?:(?! *\\n|hr|heading|blockquote|code|fences|list|html).*(?:\\n|$))*)\\n*|$)`).replace(`hr`,ai).replace(`heading`,` {0,3}#{1,6}(?:\\s|$)`).replace(`blockquote`,` {0,3}>`).replace(`code`,`(?: {4}| {0,3}	)[^\\n]`).replace(`fences`," {0,3}(?:`{3,}(?=[^`\\n]*(?:\\n|$))|~~~)[^\\n]*(?:\\n|$)").replace(`list`,` {0,3}(?:[*+-]|1[.)])[ \\t]`).replace(`html`,li).getRegex(),Ti={...Ci,lheading:fi,table:wi,paragraph:U(pi).replace(`hr`,ai).replace(`heading`,` {0,3}#{1,6}(?:\\s|$)`).replace(`|lheading`,``).replace(`table`,wi).replace(`blockquote`,` {0,3}>`).replace(`fences`," {0,3}(?:`{3,}(?=[^`\\n]*(?:\\n|$))|~~~)[^\\n]*(?:\\n|$)").replace(`list`,` {0,3}(?:[*+-]|1[.)])[ \\t]+[^ \\t\\n]`).replace(`html`,li).getRegex()},Ei={...Ci,html:U(`^ *(?:comment(?: *\\n|\\s*$)|<(tag)[\\s\\S]+?</\\1>(?: *\\n{2,}|\\s*$)|<tag(?:"[^"]*"|'[^']*'|\\s[^'"/>\\s]*)*?/?>(?: *\\n{2,}|\\s*$))`).replace(`comment`,vi).replace(/tag/g,`(?!(?:a|em|strong|small|s|cite|q|dfn|abbr|data|time|code|var|samp|kbd|sub|sup|i|b|u|mark|ruby|rt|rp|bdi|bdo|span|br|wbr|ins|del|img)\\b)\\w+(?!:|[^\\w\\s@]*@)\\b`).getRegex(),def:/^ *\[([^\]]+)\]: *<?([^\s>]+)>?(?: +(["(][^\n]+[")]))? *(?:\n+|$)/,heading:/^(#{1,6})(.*)(?:\n+|$)/,fences:$r,lheading:/^(.+?)\n {0,3}(=+|-+) *(?:\n+|$)/,paragraph:U(pi).replace(`hr`,ai).replace(`heading`,` *#{1,6} *[^
]`).replace(`|table`,``).replace(`blockquote`,` {0,3}>`).replace(`|fences`,``).replace(`|list`,``).replace(`|html`,``).replace(`|tag`,``).replace(`lheading`,di).getRegex()},Di=/^\\([!"#$%&'()*+,\-./:;<=>?@\[\]\\^_`{|}~])/,Oi=/^(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)/,ki=/^( {2,}|\\)\n(?!\s*$)[ \t]*/,Ai=/^(`+|[^`])(?:(?= {2,}\n)|[\s\S]*?(?:(?=[\\<!\[`*_]|\b_|$)|[^ ](?= {2,}\n)))/,G=/[\p{P}\p{S}]/u,ji=/[\s\p{P}\p{S}]/u,Mi=/[^\s\p{P}\p{S}]/u,Ni=U(/^((?![*_])punctSpace)/,`u`).replace(/punctSpace/g,ji).getRegex(),Pi=/[\p{Pi}\p{Ps}"']/u,Fi=/(?!~)[\p{P}\p{S}]/u,Ii=/(?!~)[\s\p{P}\p{S}]/u,Li=/(?:[^\s\p{P}\p{S}]|~)/u,Ri=U(/link|precode-code|html/,`g`).replace(`link`,/\[(?:[^\[\]`]|(?<a>`+)[^`]+\k<a>(?!`))*?\]\((?:\\[\s\S]|[^\\\(\)]|\((?:\\[\s\S]|[^\\\(\)])*\))*\)/).replace(`precode-`,ti?"(?<!`)()":"(^^|[^`])").replace(`code`,/(?<b>`+)[^`]+\k<b>(?!`)/).replace(`html`,/<(?! )[^<>]*?>/).getRegex(),zi=/^(?:\*+(?:((?!\*)punct)|([^\s*]))?)|^_+(?:((?!_)punct)|([^\s_]))?/,Bi=U(zi,`u`).replace(/punct/g,G).getRegex(),Vi=U(zi,`u`).replace(/punct/g,Fi).getRegex(),Hi=U(/^(?:\*+(?:((?!\*)(?!openQuote)punct)|([^\s*]))?)|^_+(?:((?!_)(?!openQuote)punct)|([^\s_]))?/,`u`).replace(/openQuote/g,Pi).replace(/punct/g,G).getRegex(),Ui=`^[^_*]*?__[^_*]*?\\*[^_*]*?(?=__)|[^*]+(?=[^*])|(?!\\*)punct(\\*+)(?=[\\s]|$)|notPunctSpace(\\*+)(?!\\*)(?=punctSpace|$)|(?!\\*)punctSpace(\\*+)(?=notPunctSpace)|[\\s](\\*+)(?!\\*)(?=punct)|(?!\\*)punct(\\*+)(?!\\*)(?=punct)|notPunctSpace(\\*+)(?=notPunctSpace)`,Wi=U(Ui,`gu`).replace(/notPunctSpace/g,Mi).replace(/punctSpace/g,ji).replace(/punct/g,G).getRegex(),Gi=U(Ui,`gu`).replace(/notPunctSpace/g,Li).replace(/punctSpace/g,Ii).replace(/punct/g,Fi).getRegex(),Ki=U(`^[^_*]*?__[^_*]*?\\*[^_*]*?(?=__)|[^*]+(?=[^*])|(?!\\*)punct(\\*+)(?=[\\s]|$)|notPunctSpace(\\*+)(?!\\*)(?=punctSpace|$)|(?!\\*)[\\s](\\*+)(?=notPunctSpace)|[\\s](\\*+)(?!\\*)(?=punct)|(?!\\*)punct(\\*+)(?!\\*)(?=punct)|(?:(?!\\*)punct|notPunctSpace)(\\*+)(?!\\*)(?=notPunctSpace)`,`gu`).replace(/notPunctSpace/g,Mi).replace(/punctSpace/g,ji).replace(/punct/g,G).getRegex(),qi=U(`^[^_*]*?\\*\\*[^_*]*?_[^_*]*?(?=\\*\\*)|[^_]+(?=[^_])|(?!_)punct(_+)(?=[\\s]|$)|notPunctSpace(_+)(?!_)(?=punctSpace|$)|(?!_)punctSpace(_+)(?=notPunctSpace)|[\\s](_+)(?!_)(?=punct)|(?!_)punct(_+)(?!_)(?=punct)`,`gu`).replace(/notPunctSpace/g,Mi).replace(/punctSpace/g,ji).replace(/punct/g,G).getRegex(),Ji=U(`^[^_*]*?\\*\\*[^_*]*?_[^_*]*?(?=\\*\\*)|[^_]+(?=[^_])|(?!_)punct(_+)(?=[\\s]|$)|notPunctSpace(_+)(?!_)(?=punctSpace|$)|(?!_)[\\s](_+)(?=notPunctSpace)|[\\s](_+)(?!_)(?=punct)|(?!_)punct(_+)(?!_)(?=punct)|(?:(?!_)punct|notPunctSpace)(_+)(?!_)(?=notPunctSpace)`,`gu`).replace(/notPunctSpace/g,Mi).replace(/punctSpace/g,ji).replace(/punct/g,G).getRegex(),Yi=U(/^~~?(?:((?!~)punct)|[^\s~])/,`u`).replace(/punct/g,G).getRegex(),Xi=U(`^[^~]+(?=[^~])|(?!~)punct(~~?)(?=[\\s]|$)|notPunctSpace(~~?)(?!~)(?=punctSpace|$)|(?!~)punctSpace(~~?)(?=notPunctSpace)|[\\s](~~?)(?!~)(?=punct)|(?!~)punct(~~?)(?!~)(?=punct)|notPunctSpace(~~?)(?=notPunctSpace)`,`gu`).replace(/notPunctSpace/g,Mi).replace(/punctSpace/g,ji).replace(/punct/g,G).getRegex(),Zi=U(/\\(punct)/,`gu`).replace(/punct/g,G).getRegex(),Qi=U(/(`+)(?:[^`]|[^`][\s\S]*?[^`])\1(?!`)|`+|\\(punct)/,`gu`).replace(/punct/g,G).getRegex(),$i=U(/^<(scheme:[^\s\x00-\x1f<>]*|email)>/).replace(`scheme`,/[a-zA-Z][a-zA-Z0-9+.-]{1,31}/).replace(`email`,/[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+(@)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+(?![-_])/).getRegex(),ea=U(vi).replace(`(?:-->|$)`,`-->`).getRegex(),ta=U(`^comment|^</[a-zA-Z][a-zA-Z0-9-]*\\s*>|^<[a-zA-Z][a-zA-Z0-9-]*(?:attribute)*?\\s*/?>|^<\\?[\\s\\S]*?\\?>|^<![a-zA-Z]+\\s[\\s\\S]*?>|^<!\\[CDATA\\[[\\s\\S]*?\\]\\]>`).replace(`comment`,ea).replace(`attribute`,/\s+[a-zA-Z:_][\w.:-]*(?:\s*=\s*"[^"]*"|\s*=\s*'[^']*'|\s*=\s*[^\s"'=<>`]+)?/).getRegex(),na=/\[(?:\\[\s\S]|[^\[\]\\])*\]/,ra=U(/(?:\[(?:brackets|\\[\s\S]|[^\[\]\\])*\]|\\[\s\S]|`+(?!`)[^`]*?`+(?!`)|``+(?=\])|[^\[\]\\`])*?/).replace(`brackets`,na).getRegex(),ia=U(/^!?\[(label)\]\([ \t\n]*(href)(?:(?:[ \t]+(?:\n[ \t]*)?|\n[ \t]*)(title))?[ \t\n]*\)/).replace(`label`,ra).replace(`href`,/<(?:\\.|[^\n<>\\])*>|(?!<)[^ \t\n\x00-\x1f]+|(?=\))/).replace(`title`,/"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|\((?:\\[\s\S]|[^)\\])*\)/).getRegex(),aa=U(/^!?\[(label)\]\[(ref)\]/).replace(`label`,ra).replace(`ref`,hi).getRegex(),oa=U(/^!?\[(ref)\](?:\[\])?/).replace(`ref`,hi).getRegex(),sa=/(?!\s*\])(?:\\[\s\S]|[^\[\]\\]){1,999}/,ca=U(/(?:[^\[\]\\`]*(?:\[(?:brackets|\\[\s\S]|[^\[\]\\])*\]|\\[\s\S]|`+(?!`)[^`]*?`+(?!`)|``+(?=\]))){0,999}?[^\[\]\\`]*?/).replace(`brackets`,na).getRegex(),la=U(`reflink|nolink(?!\\()`,`g`).replace(`reflink`,U(/^!?\[(label)\]\[(ref)\]/).replace(`label`,ca).replace(`ref`,sa).getRegex()).replace(`nolink`,U(/^!?\[(ref)\](?:\[\])?/).replace(`ref`,sa).getRegex()).getRegex(),ua=/[hH][tT][tT][pP][sS]?|[fF][tT][pP]/,da=U(/(?:mailto:email|xmpp:email(?:\/[A-Za-z0-9@.]+)?)/).replace(/email/g,/[A-Za-z0-9._+-]+@[a-zA-Z0-9-_]+(?:\.[a-zA-Z0-9-_]*[a-zA-Z0-9])+(?![\w-])/).getRegex(),fa={_backpedal:$r,anyPunctuation:Zi,anyPunctuationOutsideCode:Qi,autolink:$i,blockSkip:Ri,br:ki,code:Oi,del:$r,delLDelim:$r,delRDelim:$r,emStrongLDelim:Bi,emStrongRDelimAst:Wi,emStrongRDelimUnd:qi,escape:Di,link:ia,nolink:oa,punctuation:Ni,reflink:aa,reflinkSearch:la,tag:ta,text:Ai,url:$r},pa={...fa,emStrongLDelim:Hi,emStrongRDelimAst:Ki,emStrongRDelimUnd:Ji,link:U(/^!?\[(label)\]\((.*?)\)/).replace(`label`,ra).getRegex(),reflink:U(/^!?\[(label)\]\s*\[([^\]]*)\]/).replace(`label`,ra).getRegex()},ma={...fa,emStrongRDelimAst:Gi,emStrongLDelim:Vi,delLDelim:Yi,delRDelim:Xi,url:U(/^emailProtocol|^((?:protocol):\/\/|www\.)(?:[a-zA-Z0-9\-]+\.?)+[^\s<]*|^email/).replace(`emailProtocol`,da).replace(`protocol`,ua).replace(`email`,/[A-Za-z0-9._+-]+(@)[a-zA-Z0-9-_]+(?:\.[a-zA-Z0-9-_]*[a-zA-Z0-9])+(?![\w-])/).getRegex(),_backpedal:/(?:[^?!.,:;*_'"~()&]+|\([^)]*\)|&(?![a-zA-Z0-9]+;$)|[?!.,:;*_'"~)]+(?!$))+/,del:/^(~~?)(?=[^\s~])((?:\\[\s\S]|[^\\])*?(?:\\[\s\S]|[^\s~\\]))\1(?=[^~]|$)/,text:U(/^(?:[^a-zA-Z0-9](?=emailProtocol)|(`+|~+|[^`~])(?:(?=[`~])|(?= {2,}\n)|(?=[a-zA-Z0-9.!#$%&'*+\/=?_`{\|}~-]+@)|[\s\S]*?(?:(?=[\\<!\[`*~_]|\b_|protocol:\/\/|wwwStart|$)|[^ ](?= {2,}\n)|[^a-zA-Z0-9](?=emailProtocol)|[^a-zA-Z0-9.!#$%&'*+\/=?_`{\|}~-](?=[a-zA-Z0-9.!#$%&'*+\/=?_`{\|}~-]+@))))/).replace(`protocol`,ua).replace(/emailProtocol/g,/(?:mailto|xmpp):/).replace(`wwwStart`,ti?`(?<![^\\s*_~(])www\\.`:`www\\.`).getRegex()},ha={...ma,br:U(ki).replace(`{2,}`,`*`).getRegex(),text:U(ma.text).replace(`\\b_`,`\\b_| {2,}\\n`).replace(/\{2,\}/g,`*`).getRegex()},ga={normal:Ci,gfm:Ti,pedantic:Ei},_a={normal:fa,gfm:ma,breaks:ha,pedantic:pa},va={"&":`&amp;`,"<":`&lt;`,">":`&gt;`,'"':`&quot;`,"'":`&#39;`},ya=e=>va[e];function K(e,t){if(t){if(W.escapeTest.test(e))return e.replace(W.escapeReplace,ya)}else if(W.escapeTestNoEncode.test(e))return e.replace(W.escapeReplaceNoEncode,ya);return e}function ba(e){return W.numericCharacterReference.test(e)?e.replace(W.numericCharacterReferenceOrAmpersand,(e,t,n)=>{if(t===void 0&&n===void 0)return`&amp;`;let r=t===void 0?Number.parseInt(n,16):Number.parseInt(t,10);return r===0||r>1114111||r>=55296&&r<=57343?`�`:r===38?`&amp;`:String.fromCodePoint(r)}):e}function xa(e){try{e=encodeURI(e).replace(W.percentDecode,`%`)}catch{return null}return e}function Sa(e,t){let n=e.replace(W.findPipe,(e,t,n)=>{let r=!1,i=t;for(;--i>=0&&n[i]===`\\`;)r=!r;return r?`|`:` |`}).split(W.splitPipe),r=0;if(n[0].trim()||n.shift(),n.length>0&&!n.at(-1)?.trim()&&n.pop(),t){if(n.length>t)n.splice(t);else for(;n.length<t;)n.push(``)}for(;r<n.length;r++)n[r]=n[r].trim().replace(W.slashPipe,`|`);return n}function q(e,t,n){let r=e.length;if(r===0)return``;let i=0;for(;i<r;){let a=e.charAt(r-i-1);if(a===t&&!n)i++;else if(a!==t&&n)i++;else break}return e.slice(0,r-i)}function Ca(e){let t=e.split(`
`),n=t.length-1;for(;n>=0&&W.blankLine.test(t[n]);)n--;return t.length-n<=2?e:t.slice(0,n+1).join(`
`)}function wa(e){return e.trim().replace(W.multipleSpaceGlobal,` `).toLowerCase().toUpperCase().toLowerCase()}function Ta(e,t){if(e.indexOf(t[0])===-1&&e.indexOf(t[1])===-1)return-1;let n=0;for(let r=0;r<e.length;r++)if(e[r]===`\\`)r++;else if(e[r]===t[0])n++;else if(e[r]===t[1]&&(n--,n<0))return r;return n>0?-2:-1}var Ea=new WeakMap;function Da(e){let t={"*":-1,_:-1},n=-1,r=e.length;for(let i=0;i<r;i++){let a=e[i];if(a!==`*`&&a!==`_`&&a!==`~`)continue;let o=i===0?`
`:e[i-1],s=i+1;for(;s<r&&e[s]===a;)s++;o!==` `&&o!==`	`&&o!==`
`&&o!==`\r`&&o!==`\f`&&(a===`~`?n=i:t[a]=i),i=s-1}return{maskedSrc:e,lastPossibleEmStrongCloserIndex:t,lastPossibleDelCloserIndex:n}}function Oa(e,t){let n=Da(t),r=Ea.get(e);r?r.push(n):Ea.set(e,[n])}function ka(e){let t=Ea.get(e);t&&(t.pop(),t.length===0&&Ea.delete(e))}function Aa(e,t,n){let r=Ea.get(e)?.at(-1);return r&&r.maskedSrc===t?r.lastPossibleEmStrongCloserIndex[n]:Da(t).lastPossibleEmStrongCloserIndex[n]}function ja(e,t){let n=Ea.get(e)?.at(-1);return n&&n.maskedSrc===t?n.lastPossibleDelCloserIndex:Da(t).lastPossibleDelCloserIndex}function Ma(e,t=0){let n=t,r=``;for(let t of e)if(t===`	`){let e=4-n%4;r+=` `.repeat(e),n+=e}else r+=t,n++;return r}function Na(e,t){let n=``;for(let r=0;r<e.length;r++){if(e[r]==="`"){let i=t.inline.code.exec(e.slice(r));if(i){n+=i[0],r+=i[0].length-1;continue}}e[r]===`\\`&&(e[r+1]===`[`||e[r+1]===`]`)?(n+=e[r+1],r++):n+=e[r]}return n}function Pa(e,t,n,r,i){let a=t.href,o=t.title||null,s=Na(e[1],i),c=e[0].charAt(0)===`!`,l=r.state.inLink,u=r.state.linkEmitted,d=r.state.inRawBlock;r.state.inLink=!0,r.state.linkEmitted=!1;let f=r.inlineTokens(s),p=r.state.linkEmitted;if(r.state.linkEmitted=u,r.state.inLink=l,!c){if(p){r.state.inRawBlock=d;return}r.state.linkEmitted=!0}return{type:c?`image`:`link`,raw:n,href:a,title:o,text:s,tokens:f}}function Fa(e,t,n){let r=e.match(n.other.indentCodeCompensation);if(r===null)return t;let i=r[1];return t.split(`
`).map(e=>{let t=e.match(n.other.beginningSpace);if(t===null)return e;let[r]=t;return e.slice(Math.min(r.length,i.length))}).join(`
`)}function Ia(e,t,n,r){if(!t.includes(`<`))return!1;for(let i=0;i<t.length;i++){if(t[i]===`\\`){i++;continue}if(t[i]==="`"){let e=r.inline.code.exec(t.slice(i));if(e){i+=e[0].length-1;continue}}if(t[i]!==`<`)continue;let a=e.slice(n+i),o=r.inline.tag.exec(a)||r.inline.autolink.exec(a);if(o){if(o[0].length>t.length-i)return!0;i+=o[0].length-1}}return!1}var La=class{options;rules;lexer;constructor(e){this.options=e||Zr}space(e){let t=this.rules.block.newline.exec(e);if(t&&t[0].length>0)return{type:`space`,raw:t[0]}}code(e){let t=this.rules.block.code.exec(e);if(t){let e=this.options.pedantic?t[0]:Ca(t[0]);return{type:`code`,raw:e,codeBlockStyle:`indented`,text:e.replace(this.rules.other.codeRemoveIndent,``)}}}fences(e){let t=this.rules.block.fences.exec(e);if(t){let e=t[0],n=Fa(e,t[3]||``,this.rules);return t[3]!==void 0&&(n===``||n.endsWith(`
`))&&(n+=`
`),{type:`code`,raw:e,lang:t[2]?t[2].trim().replace(this.rules.inline.anyPunctuation,`$1`):t[2],text:n}}}heading(e){let t=this.rules.block.heading.exec(e);if(t){let e=t[2].trim();if(this.rules.other.endingHash.test(e)){let t=q(e,`#`);(this.options.pedantic||!t||this.rules.other.endingSpaceTabChar.test(t))&&(e=t.trim())}return{type:`heading`,raw:q(t[0],`
`),depth:t[1].length,text:e,tokens:this.lexer.inline(e)}}}hr(e){let t=this.rules.block.hr.exec(e);if(t)return{type:`hr`,raw:q(t[0],`
`)}}blockquote(e){let t=this.rules.block.blockquote.exec(e);if(t){let e=q(t[0],`
`).split(`
`),n=``,r=``,i=[];for(;e.length>0;){let t=!1,a=[],o=0;for(;o<e.length;o++)if(this.rules.other.blockquoteStart.test(e[o]))a.push(e[o]),t=!0;else if(!t)a.push(e[o]);else break;e=e.slice(o);let s=a.join(`
`),c=s.replace(this.rules.other.blockquoteMarkerWhitespace,(e,t,n)=>n.startsWith(` `)?t+` `+n.slice(1):t+Ma(n,t.length)).replace(this.rules.other.blockquoteSetextReplace,`
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
`,1)[0],d=t[1].length,f=this.options.pedantic?Ma(u,d):u.replace(this.rules.other.leadingSpaceTab,e=>Ma(e,d)),p=e.split(`
`,1)[0],m=!f.trim(),h=0;if(this.options.pedantic?(h=2,a=f.trimStart()):m?h=d+1:(h=f.search(this.rules.other.nonSpaceChar),h=h>4?1:h,a=f.slice(h),h+=d),m&&this.rules.other.blankLine.test(p)&&(e=e.substring(p.length+1),i=!0),!i){let t=this.rules.other.nextBulletRegex(h),n=this.rules.other.hrRegex(h),r=this.rules.other.fencesBeginRegex(h),i=this.options.pedantic?this.rules.other.pedanticHeadingBeginRegex(h):this.rules.other.headingBeginRegex(h),o=this.rules.other.htmlBeginRegex(h),s=this.rules.other.blockquoteBeginRegex(h),c=!1;for(;e;){let l=e.split(`
`,1)[0],u;if(p=l,this.options.pedantic?(p=p.replace(this.rules.other.listReplaceNesting,`  `),u=p):u=p.replace(this.rules.other.leadingSpaceTab,e=>Ma(e)),r.test(p)||i.test(p)||o.test(p)||s.test(p)||t.test(p)||n.test(p))break;if(u.search(this.rules.other.nonSpaceChar)>=h||!p.trim())a+=`
`+u.slice(h),c=!1;else{if(m)break;let e=f;if(!this.options.pedantic&&!a.includes(`
`)&&!f.includes(`	`)){let t;for(;!n.test(e)&&(t=this.rules.other.nestedBlockMarker.exec(e));)e=e.slice(t[0].length);if(!e.trim())break}if(e.replace(this.rules.other.tabCharGlobal,`    `).search(this.rules.other.nonSpaceChar)>=4||r.test(e)||i.test(e)||o.test(e)||n.test(e))break;if(!this.options.pedantic&&!c){let e=f.replace(this.rules.other.nestedContainerMarkers,``);if(this.rules.block.fences.test(e)||this.rules.block.heading.test(e)||this.rules.block.hr.test(e))break}let t=!this.options.pedantic&&/^ {0,3}(?:=+|-+) *$/.test(p)&&this.rules.block.lheading.test(`${f}
${p}`)?`    ${u.replace(/^ {0,3}/,``)}`:p;a+=`
`+t,c=!0}m=!p.trim(),e=e.substring(l.length+1),f=u.slice(h)}}let ee=n.slice(l,r());o.loose||(c?o.loose=!0:this.rules.other.doubleBlankLine.test(ee)&&(c=!0)),o.items.push({type:`list_item`,raw:ee,task:!!this.options.gfm&&this.rules.other.listIsTask.test(a),loose:!1,text:a,tokens:[]})}let l=o.items.at(-1);if(l)l.raw=l.raw.trimEnd(),l.text=l.text.trimEnd();else return;o.raw=n.slice(0,r()).trimEnd();let u=[];for(let e of o.items)if(this.lexer.state.top=!1,u.push(this.lexer.inlineQueue.length),e.tokens=this.lexer.blockTokens(e.text,[]),!o.loose){let t=e.tokens.filter(e=>e.type===`space`);o.loose=t.length>0&&t.some(e=>this.rules.other.anyLine.test(e.raw))}for(let e=0;e<o.items.length;e++){let t=o.items[e],n=t.tokens[0];if(t.task&&(n?.type===`text`||n?.type===`paragraph`)){t.text=t.text.replace(this.rules.other.listReplaceTask,``),n.raw=n.raw.replace(this.rules.other.listReplaceTask,``),n.text=n.text.replace(this.rules.other.listReplaceTask,``);let r=this.lexer.inlineQueue;for(let t=u[e];t<r.length;t++)if(r[t].tokens===n.tokens){r[t].src=r[t].src.replace(this.rules.other.listReplaceTask,``);break}let i=this.rules.other.listTaskCheckbox.exec(t.raw);if(i){let e={type:`checkbox`,raw:i[0]+` `,checked:i[0]!==`[ ]`};t.checked=e.checked,o.loose?t.tokens[0]&&[`paragraph`,`text`].includes(t.tokens[0].type)&&`tokens`in t.tokens[0]&&t.tokens[0].tokens?(t.tokens[0].raw=e.raw+t.tokens[0].raw,t.tokens[0].text=e.raw+t.tokens[0].text,t.tokens[0].tokens.unshift(e)):t.tokens.unshift({type:`paragraph`,raw:e.raw,text:e.raw,tokens:[e]}):t.tokens.unshift(e)}}else t.task&&=!1}if(o.loose)for(let e of o.items){e.loose=!0;for(let t of e.tokens)t.type===`text`&&(t.type=`paragraph`)}return o}}html(e){let t=this.rules.block.html.exec(e);if(t){if(this.lexer.state.lastToken?.type===`paragraph`&&!this.rules.other.htmlBeginRegex(4).test(e))return;let n=Ca(t[0]);return{type:`html`,block:!0,raw:n,pre:t[1]===`pre`||t[1]===`script`||t[1]===`style`,text:n}}}def(e){let t=this.rules.block.def.exec(e);if(t){if(!this.rules.other.startAngleBracket.test(t[2])&&Ta(t[2],`()`)!==-1)return;let e=wa(t[1]),n=t[2]?t[2].replace(this.rules.other.hrefBrackets,`$1`).replace(this.rules.inline.anyPunctuation,`$1`):``,r=t[3]?t[3].substring(1,t[3].length-1).replace(this.rules.inline.anyPunctuation,`$1`):t[3];return{type:`def`,tag:e,raw:q(t[0],`
`),href:n,title:r}}}table(e){let t=this.rules.block.table.exec(e);if(!t||!this.rules.other.tableDelimiter.test(t[2]))return;let n=Sa(t[1]),r=t[2].replace(this.rules.other.tableAlignChars,``).split(`|`),i=t[3]?.trim()?t[3].replace(this.rules.other.tableRowBlankLine,``).split(`
`):[],a={type:`table`,raw:q(t[0],`
`),header:[],align:[],rows:[]};if(n.length===r.length){for(let e of r)this.rules.other.tableAlignRight.test(e)?a.align.push(`right`):this.rules.other.tableAlignCenter.test(e)?a.align.push(`center`):this.rules.other.tableAlignLeft.test(e)?a.align.push(`left`):a.align.push(null);for(let e=0;e<n.length;e++)a.header.push({text:n[e],tokens:this.lexer.inline(n[e]),header:!0,align:a.align[e]});for(let e of i)a.rows.push(Sa(e,a.header.length).map((e,t)=>({text:e,tokens:this.lexer.inline(e),header:!1,align:a.align[t]})));return a}}lheading(e){let t=this.rules.block.lheading.exec(e);if(t){let e=t[1].trim();return{type:`heading`,raw:q(t[0],`
`),depth:t[2].charAt(0)===`=`?1:2,text:e,tokens:this.lexer.inline(e)}}}paragraph(e){let t=this.rules.block.paragraph.exec(e);if(t){let e=t[1].charAt(t[1].length-1)===`
`?t[1].slice(0,-1):t[1];return{type:`paragraph`,raw:t[0],text:e,tokens:this.lexer.inline(e)}}}text(e){let t=this.rules.block.text.exec(e);if(t)return{type:`text`,raw:t[0],text:t[0],tokens:this.lexer.inline(t[0])}}escape(e){if(e.charCodeAt(0)!==92)return;let t=this.rules.inline.escape.exec(e);if(t)return{type:`escape`,raw:t[0],text:t[1]}}tag(e){if(e.charCodeAt(0)!==60)return;let t=this.rules.inline.tag.exec(e);if(t)return!this.lexer.state.inLink&&this.rules.other.startATag.test(t[0])?this.lexer.state.inLink=!0:this.lexer.state.inLink&&this.rules.other.endATag.test(t[0])&&(this.lexer.state.inLink=!1),!this.lexer.state.inRawBlock&&this.rules.other.startPreScriptTag.test(t[0])?this.lexer.state.inRawBlock=!0:this.lexer.state.inRawBlock&&this.rules.other.endPreScriptTag.test(t[0])&&(this.lexer.state.inRawBlock=!1),{type:`html`,raw:t[0],inLink:this.lexer.state.inLink,inRawBlock:this.lexer.state.inRawBlock,block:!1,text:t[0]}}link(e){if(this.lexer.state.linkParenPossible===!1)return;let t=e.charCodeAt(0);if(t!==91&&t!==33)return;let n=this.rules.inline.link.exec(e);if(n){let t=n[0].charAt(0)===`!`?2:1;if(!this.options.pedantic&&Ia(e,n[1],t,this.rules))return;let r=n[2].trim();if(!this.options.pedantic&&this.rules.other.startAngleBracket.test(r)){if(!this.rules.other.endAngleBracket.test(r))return;let e=q(r.slice(0,-1),`\\`);if((r.length-e.length)%2==0)return}else{let e=Ta(n[2],`()`);if(e===-2)return;if(e>-1){let t=(n[0].indexOf(`!`)===0?5:4)+n[1].length+e;n[2]=n[2].substring(0,e),n[0]=n[0].substring(0,t).trim(),n[3]=``}}let i=q(n[0].slice(0,-1),`\\`);if((n[0].length-i.length)%2==0)return;let a=n[2],o=``;if(this.options.pedantic){let e=this.rules.other.pedanticHrefTitle.exec(a);e&&(a=e[1],o=e[3])}else o=n[3]?n[3].slice(1,-1):``;return a=a.trim(),this.rules.other.startAngleBracket.test(a)&&(a=this.options.pedantic&&!this.rules.other.endAngleBracket.test(r)?a.slice(1):a.slice(1,-1)),Pa(n,{href:a&&a.replace(this.rules.inline.anyPunctuation,`$1`),title:o&&o.replace(this.rules.inline.anyPunctuation,`$1`)},n[0],this.lexer,this.rules)}}reflink(e,t){let n=e.charCodeAt(0);if(n!==91&&n!==33)return;let r;if((r=this.rules.inline.reflink.exec(e))||(r=this.rules.inline.nolink.exec(e))){let n=r[0].charAt(0)===`!`?2:1;if(!this.options.pedantic&&Ia(e,r[1],n,this.rules))return;let i=t[wa(r[2]||r[1])];if(!i){let e=r[0].charAt(0);return{type:`text`,raw:e,text:e}}return Pa(r,i,r[0],this.lexer,this.rules)}}emStrong(e,t,n=``){let r=this.rules.inline.emStrongLDelim.exec(e);if(!r||!r[1]&&!r[2]&&!r[3]&&!r[4])return;let i=r[0][0],a=n===i,o=t.length-e.length,s=o;for(;!this.options.pedantic&&s>0&&t[s-1]===i;)s--;let c=[...t.slice(Math.max(0,s-2),s)].at(-1)??``,l=c===`*`||c===`_`||!!this.rules.inline.punctuation.exec(c);s<o&&(n=c);let u=s<o?l:n===`*`||n===`_`||!!this.rules.inline.punctuation.exec(n);if(r[4]&&n.match(this.rules.other.unicodeAlphaNumeric))return;let d=r[1]||r[3]||``;if(!d||!n||u){let n=[...r[0]].length-1,u,f,p=n,m=0,h=o-s+n,ee=!this.options.pedantic&&!!c.trim()&&(!!d||i===`*`&&!l);if(i!==`*`&&i!==`_`)return;let te=i===`*`?this.rules.inline.emStrongRDelimAst:this.rules.inline.emStrongRDelimUnd,ne=Aa(this,t,i),g=t.length-e.length+n;if(ne<g)return;t=t.slice(-1*e.length+n);let re=ne-g;for(te.lastIndex=0;(r=te.exec(t))!==null&&!(r.index>re);){if(u=r[1]||r[2]||r[3]||r[4]||r[5]||r[6],!u)continue;if(f=[...u].length,r[3]||r[4]){p+=f;continue}if((r[5]||r[6]||ee)&&h%3&&!((h+f)%3)){if(a&&(r[5]||r[6]))break;m+=f;continue}if(p-=f,p>0)continue;f=Math.min(f,f+p+m);let t=[...r[0]][0].length,i=e.slice(0,n+r.index+t+f);if(Math.min(n,f)%2){let e=i.slice(1,-1);return{type:`em`,raw:i,text:e,tokens:this.lexer.inlineTokens(e)}}let o=i.slice(2,-2);return{type:`strong`,raw:i,text:o,tokens:this.lexer.inlineTokens(o)}}}}codespan(e){if(e.charCodeAt(0)!==96)return;let t=this.rules.inline.code.exec(e);if(t){let e=t[2].replace(this.rules.other.newLineCharGlobal,` `),n=this.rules.other.nonSpaceChar.test(e),r=this.rules.other.startingSpaceChar.test(e)&&this.rules.other.endingSpaceChar.test(e);return n&&r&&(e=e.substring(1,e.length-1)),{type:`codespan`,raw:t[0],text:e}}}br(e){let t=e.charCodeAt(0);if(t!==32&&t!==92&&t!==10)return;let n=this.rules.inline.br.exec(e);if(n)return{type:`br`,raw:n[0]}}del(e,t,n=``){if(e.charCodeAt(0)!==126)return;let r=this.rules.inline.delLDelim.exec(e);if(r&&(!r[1]||!n||this.rules.inline.punctuation.exec(n))){let n=[...r[0]].length-1,i,a,o=n,s=this.rules.inline.delRDelim,c=ja(this,t),l=t.length-e.length+n;if(c<l)return;t=t.slice(-1*e.length+n);let u=c-l;for(s.lastIndex=0;(r=s.exec(t))!==null&&!(r.index>u);){if(i=r[1]||r[2]||r[3]||r[4]||r[5]||r[6],!i||(a=[...i].length,a!==n))continue;if(r[3]||r[4]){o+=a;continue}if(o-=a,o>0)continue;a=Math.min(a,a+o);let t=[...r[0]][0].length,s=e.slice(0,n+r.index+t+a),c=s.slice(n,-n);return{type:`del`,raw:s,text:c,tokens:this.lexer.inlineTokens(c)}}}}autolink(e){if(e.charCodeAt(0)!==60)return;let t=this.rules.inline.autolink.exec(e);if(t){let e,n;return t[2]===`@`?(e=t[1],n=`mailto:`+e):(e=t[1],n=e),{type:`link`,raw:t[0],text:e,href:n,autolink:!0,tokens:[{type:`text`,raw:e,text:e}]}}}url(e){let t;if(t=this.rules.inline.url.exec(e)){let e,n;if(t[2]===`@`)e=t[0],n=`mailto:`+e;else{let r;do r=t[0],t[0]=this.rules.inline._backpedal.exec(t[0])?.[0]??``;while(r!==t[0]);e=t[0],n=t[1]===`www.`?`http://`+t[0]:t[0]}return{type:`link`,raw:t[0],text:e,href:n,autolink:!0,tokens:[{type:`text`,raw:e,text:e}]}}}inlineText(e){let t=this.rules.inline.text.exec(e);if(t){let e=this.lexer.state.inRawBlock;return{type:`text`,raw:t[0],text:e?t[0]:ba(t[0]),escaped:e}}}},J=class e{tokens;options;state;inlineQueue;tokenizer;constructor(e){this.tokens=[],this.tokens.links=Object.create(null),this.options=e||Zr,this.options.tokenizer=this.options.tokenizer||new La,this.tokenizer=this.options.tokenizer,this.tokenizer.options=this.options,this.tokenizer.lexer=this,this.inlineQueue=[],this.state={inLink:!1,inRawBlock:!1,linkEmitted:!1,linkParenPossible:!0,top:!0};let t={other:W,block:ga.normal,inline:_a.normal};this.options.pedantic?(t.block=ga.pedantic,t.inline=_a.pedantic):this.options.gfm&&(t.block=ga.gfm,t.inline=this.options.breaks?_a.breaks:_a.gfm),this.tokenizer.rules=t}static get rules(){return{block:ga,inline:_a}}static lex(t,n){return new e(n).lex(t)}static lexInline(t,n){return new e(n).inlineTokens(t)}lex(e){e=e.replace(W.carriageReturn,`
`),this.blockTokens(e,this.tokens);for(let e=0;e<this.inlineQueue.length;e++){let t=this.inlineQueue[e];this.state.inRawBlock=!1,this.inlineTokens(t.src,t.tokens)}return this.inlineQueue=[],this.tokens}blockTokens(e,t=[],n=!1){this.tokenizer.lexer=this;let r=this.state.lastToken;this.options.pedantic&&(e=e.replace(W.tabCharGlobal,`    `).replace(W.spaceLine,``));let i=1/0,a,o=this.options.gfm&&!this.options.pedantic&&this.tokenizer.paragraph===La.prototype.paragraph;for(;e;){if(e.length<i)i=e.length;else{this.infiniteLoopError(e.charCodeAt(0));break}this.state.lastToken=t.at(-1);let r;if(this.options.extensions?.block?.some(n=>(r=n.call({lexer:this},e,t))?(e=e.substring(r.raw.length),t.push(r),!0):!1))continue;if(r=this.tokenizer.space(e)){e=e.substring(r.raw.length);let n=t.at(-1);r.raw.length===1&&n!==void 0?n.raw+=`
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
`+r.text,this.inlineQueue.pop(),this.inlineQueue.at(-1).src=n.text):t.push(r)}else if(e){this.infiniteLoopError(e.charCodeAt(0));break}}return this.state.top=!0,this.state.lastToken=r,t}inline(e,t=[]){return this.inlineQueue.push({src:e,tokens:t}),t}linkInText(e){if(!e.includes(`[`))return!1;let t=this.tokenizer.rules.inline.link;for(let n of e.matchAll(this.tokenizer.rules.inline.blockSkip))if(t.test(n[0])&&e.charAt(n.index-1)!==`!`)return!0;for(let t of e.matchAll(this.tokenizer.rules.inline.reflinkSearch)){let e=t[0],n=e.lastIndexOf(`[`);if(e.charAt(0)!==`!`&&Object.hasOwn(this.tokens.links,wa(e.slice(n+1,-1)))&&!(n>1&&this.linkInText(e.slice(1,n-1))))return!0}return!1}inlineTokens(e,t=[]){this.tokenizer.lexer=this;let n=this.state.linkParenPossible;this.state.linkParenPossible=e.includes(`)`);try{return this.#e(e,t)}finally{this.state.linkParenPossible=n}}#e(e,t){let n=e.includes(`*`)||e.includes(`_`)||e.includes(`~`),r=n||this.options.hooks?.emStrongMask||this.tokenizer.emStrong!==La.prototype.emStrong||this.tokenizer.del!==La.prototype.del?this.#r(e):e;if(!n)return this.#t(e,r,t);Oa(this.tokenizer,r);try{return this.#t(e,r,t)}finally{ka(this.tokenizer)}}#t(e,t,n){let r=!1,i=``,a=1/0;for(;e;){if(e.length<a)a=e.length;else{this.infiniteLoopError(e.charCodeAt(0));break}r||(i=``),r=!1;let o;if(this.options.extensions?.inline?.some(t=>(o=t.call({lexer:this},e,n))?(e=e.substring(o.raw.length),n.push(o),!0):!1))continue;if((o=this.tokenizer.escape(e))||(o=this.tokenizer.tag(e))||(o=this.tokenizer.link(e))){e=e.substring(o.raw.length),n.push(o);continue}if(o=this.tokenizer.reflink(e,this.tokens.links)){e=e.substring(o.raw.length);let t=n.at(-1);o.type===`text`&&t?.type===`text`?(t.raw+=o.raw,t.text+=o.text):n.push(o);continue}let s=e[0];if(s===`*`||s===`_`){let a=t.length-e.length;if(Aa(this.tokenizer,t,s)<=a){let t=1;for(;t<e.length&&e.charCodeAt(t)===s.charCodeAt(0);)t++;let a=e.substring(0,t),o=n.at(-1);o?.type===`text`&&!o.escaped?(o.raw+=a,o.text+=a):n.push({type:`text`,raw:a,text:a,escaped:!1}),e=e.substring(t),i=s,r=!0;continue}}else if(s===`~`){let a=t.length-e.length;if(ja(this.tokenizer,t)<=a){let t=1;for(;t<e.length&&e.charCodeAt(t)===126;)t++;let a=e.substring(0,t),o=n.at(-1);o?.type===`text`&&!o.escaped?(o.raw+=a,o.text+=a):n.push({type:`text`,raw:a,text:a,escaped:!1}),e=e.substring(t),i=s,r=!0;continue}}if((o=this.tokenizer.emStrong(e,t,i))||(o=this.tokenizer.codespan(e))||(o=this.tokenizer.br(e))||(o=this.tokenizer.del(e,t,i))||(o=this.tokenizer.autolink(e))||!this.state.inLink&&(o=this.tokenizer.url(e))){e=e.substring(o.raw.length),n.push(o);continue}let c=e;if(this.options.extensions?.startInline){let t=1/0,n=e.slice(1),r;this.options.extensions.startInline.forEach(e=>{r=e.call({lexer:this},n),typeof r==`number`&&r>=0&&(t=Math.min(t,r))}),t<1/0&&t>=0&&(c=e.substring(0,t+1))}if(o=this.tokenizer.inlineText(c)){e=e.substring(o.raw.length),o.raw.slice(-1)!==`_`&&(i=o.raw.slice(-1)),r=!0;let t=n.at(-1);t?.type===`text`?(t.raw+=o.raw,t.text+=o.text):n.push(o)}else if(e){this.infiniteLoopError(e.charCodeAt(0));break}}return n}#n(e){let{blockSkip:t,tag:n,autolink:r}=this.tokenizer.rules.inline,i=``,a=0,o;for(t.lastIndex=0;o=t.exec(e);){let s=o.index+(o[2]?o[2].length:0),c=o.index+o[0].length;if(e.charAt(s)===`<`){let i=e.slice(s),a=n.exec(i)||r.exec(i);if(!a){t.lastIndex=s+1;continue}c=s+a[0].length,t.lastIndex=c}i+=e.slice(a,s)+`[`+`a`.repeat(c-s-2)+`]`,a=c}return i+e.slice(a)}#r(e){let t=e;if(this.tokens.links&&e.includes(`[`)){let e=this.tokenizer.rules.inline.reflinkSearch,n=t=>{let r=t.lastIndexOf(`[`);if(!Object.hasOwn(this.tokens.links,wa(t.slice(r+1,-1))))return t;if(r>1&&t.charAt(0)!==`!`){let i=t.slice(1,r-1);if(this.linkInText(i))return`[`+i.replace(e,n)+`][`+`a`.repeat(t.length-r-2)+`]`}return`[`+`a`.repeat(t.length-2)+`]`};t=t.replace(e,n)}return t=t.replace(this.tokenizer.rules.inline.anyPunctuationOutsideCode,(e,t,n)=>n?`+`.repeat(e.length):t?t+e.slice(t.length,-t.length).replace(/`/g,`+`)+t:e),t=this.#n(t),t=this.options.hooks?.emStrongMask?.call({lexer:this},t)??t,t}infiniteLoopError(e){let t=`Infinite loop on byte: `+e;if(this.options.silent)console.error(t);else throw Error(t)}},Ra=class{options;parser;constructor(e){this.options=e||Zr}space(e){return``}code({text:e,lang:t,escaped:n}){let r=(t||``).match(W.notSpaceStart)?.[0],i=e?e.replace(W.endingNewline,``)+`
`:``;return r?`<pre><code class="language-`+K(r)+`">`+(n?i:K(i,!0))+`</code></pre>
`:`<pre><code>`+(n?i:K(i,!0))+`</code></pre>
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
`}strong({tokens:e}){return`<strong>${this.parser.parseInline(e)}</strong>`}em({tokens:e}){return`<em>${this.parser.parseInline(e)}</em>`}codespan({text:e}){return`<code>${K(e,!0)}</code>`}br(e){return`<br>`}del({tokens:e}){return`<del>${this.parser.parseInline(e)}</del>`}link({href:e,title:t,text:n,tokens:r,autolink:i}){let a=i?K(n,!0):this.parser.parseInline(r),o=xa(e);if(o===null)return a;e=K(o,i);let s=`<a href="`+e+`"`;return t&&(s+=` title="`+K(t)+`"`),s+=`>`+a+`</a>`,s}image({href:e,title:t,text:n,tokens:r}){r&&(n=this.parser.parseInline(r,this.parser.textRenderer));let i=xa(e);if(i===null)return K(n);e=i;let a=`<img src="${K(e)}" alt="${K(n)}"`;return t&&(a+=` title="${K(t)}"`),a+=`>`,a}text(e){return`tokens`in e&&e.tokens?this.parser.parseInline(e.tokens):`escaped`in e&&e.escaped?e.text:K(e.text)}},za=class{parser;strong({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}em({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}codespan({text:e}){return e}del({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}html({text:e}){return e}text({text:e}){return e}link({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}image({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}br(){return`
`}checkbox({raw:e}){return e}},Y=class e{options;renderer;textRenderer;constructor(e){this.options=e||Zr,this.options.renderer=this.options.renderer||new Ra,this.renderer=this.options.renderer,this.renderer.options=this.options,this.renderer.parser=this,this.textRenderer=new za,this.textRenderer.parser=this}static parse(t,n){return new e(n).parse(t)}static parseInline(t,n){return new e(n).parseInline(t)}parse(e){this.renderer.parser=this;let t=``;for(let n=0;n<e.length;n++){let r=e[n];if(this.options.extensions?.renderers?.[r.type]){let e=r,n=this.options.extensions.renderers[e.type].call({parser:this},e);if(n!==!1||![`space`,`hr`,`heading`,`code`,`table`,`blockquote`,`list`,`checkbox`,`html`,`def`,`paragraph`,`text`].includes(e.type)){t+=n===!1?``:n??``;continue}}let i=r;switch(i.type){case`space`:t+=this.renderer.space(i);break;case`hr`:t+=this.renderer.hr(i);break;case`heading`:t+=this.renderer.heading(i);break;case`code`:t+=this.renderer.code(i);break;case`table`:t+=this.renderer.table(i);break;case`blockquote`:t+=this.renderer.blockquote(i);break;case`list`:t+=this.renderer.list(i);break;case`checkbox`:t+=this.renderer.checkbox(i);break;case`html`:t+=this.renderer.html(i);break;case`def`:t+=this.renderer.def(i);break;case`paragraph`:t+=this.renderer.paragraph(i);break;case`text`:t+=this.renderer.text(i);break;default:{let e=`Token with "`+i.type+`" type was not found.`;if(this.options.silent)return console.error(e),``;throw Error(e)}}}return t}parseInline(e,t=this.renderer){this.renderer.parser=this;let n=``;for(let r=0;r<e.length;r++){let i=e[r];if(this.options.extensions?.renderers?.[i.type]){let e=this.options.extensions.renderers[i.type].call({parser:this},i);if(e!==!1||![`escape`,`html`,`link`,`image`,`checkbox`,`strong`,`em`,`codespan`,`br`,`del`,`text`].includes(i.type)){n+=e===!1?``:e??``;continue}}let a=i;switch(a.type){case`escape`:n+=t.text(a);break;case`html`:n+=t.html(a);break;case`link`:n+=t.link(a);break;case`image`:n+=t.image(a);break;case`checkbox`:n+=t.checkbox(a);break;case`strong`:n+=t.strong(a);break;case`em`:n+=t.em(a);break;case`codespan`:n+=t.codespan(a);break;case`br`:n+=t.br(a);break;case`del`:n+=t.del(a);break;case`text`:n+=t.text(a);break;default:{let e=`Token with "`+a.type+`" type was not found.`;if(this.options.silent)return console.error(e),``;throw Error(e)}}}return n}},Ba=class{options;block;constructor(e){this.options=e||Zr}static passThroughHooks=new Set([`preprocess`,`postprocess`,`processAllTokens`,`emStrongMask`]);static passThroughHooksRespectAsync=new Set([`preprocess`,`postprocess`,`processAllTokens`]);preprocess(e){return e}postprocess(e){return e}processAllTokens(e){return e}emStrongMask(e){return e}provideLexer(e=this.block){return e?J.lex:J.lexInline}provideParser(e=this.block){return e?Y.parse:Y.parseInline}};function X(e,t){if(Array.isArray(t))for(let n=0;n<t.length;n++)e.push(t[n]);else e.push(t)}var Va=new class{defaults=Xr();options=this.setOptions;parse=this.parseMarkdown(!0);parseInline=this.parseMarkdown(!1);Parser=Y;Renderer=Ra;TextRenderer=za;Lexer=J;Tokenizer=La;Hooks=Ba;constructor(...e){this.use(...e)}walkTokens(e,t){let n=[];for(let r of e)switch(X(n,t.call(this,r)),r.type){case`table`:{let e=r;for(let r of e.header)X(n,this.walkTokens(r.tokens,t));for(let r of e.rows)for(let e of r)X(n,this.walkTokens(e.tokens,t));break}case`list`:{let e=r;X(n,this.walkTokens(e.items,t));break}default:{let e=r;this.defaults.extensions?.childTokens?.[e.type]?this.defaults.extensions.childTokens[e.type].forEach(r=>{let i=e[r].flat(1/0);X(n,this.walkTokens(i,t))}):e.tokens&&X(n,this.walkTokens(e.tokens,t))}}return n}use(...e){let t=this.defaults.extensions||{renderers:Object.create(null),childTokens:Object.create(null)};return e.forEach(e=>{let n={...e};if(n.async=this.defaults.async||n.async||!1,e.extensions&&(e.extensions.forEach(e=>{if(!e.name)throw Error(`extension name required`);if(`renderer`in e){let n=t.renderers[e.name];n?t.renderers[e.name]=function(...t){let r=e.renderer.apply(this,t);return r===!1&&(r=n.apply(this,t)),r}:t.renderers[e.name]=e.renderer}if(`tokenizer`in e){if(!e.level||e.level!==`block`&&e.level!==`inline`)throw Error(`extension level must be 'block' or 'inline'`);let n=t[e.level];n?n.unshift(e.tokenizer):t[e.level]=[e.tokenizer],e.start&&(e.level===`block`?t.startBlock?t.startBlock.push(e.start):t.startBlock=[e.start]:e.level===`inline`&&(t.startInline?t.startInline.push(e.start):t.startInline=[e.start]))}`childTokens`in e&&e.childTokens&&(t.childTokens[e.name]=e.childTokens)}),n.extensions=t),e.renderer){let t=this.defaults.renderer||new Ra(this.defaults);for(let n in e.renderer){if(!(n in t))throw Error(`renderer '${n}' does not exist`);if([`options`,`parser`].includes(n))continue;let r=n,i=e.renderer[r],a=t[r];t[r]=(...e)=>{let n=i.apply(t,e);return n===!1&&(n=a.apply(t,e)),n===!1?``:n??``}}n.renderer=t}if(e.tokenizer){let t=this.defaults.tokenizer||new La(this.defaults);for(let n in e.tokenizer){if(!(n in t))throw Error(`tokenizer '${n}' does not exist`);if([`options`,`rules`,`lexer`].includes(n))continue;let r=n,i=e.tokenizer[r],a=t[r];t[r]=(...e)=>{let n=i.apply(t,e);return n===!1&&(n=a.apply(t,e)),n}}n.tokenizer=t}if(e.hooks){let t=this.defaults.hooks||new Ba;for(let n in e.hooks){if(!(n in t))throw Error(`hook '${n}' does not exist`);if([`options`,`block`].includes(n))continue;let r=n,i=e.hooks[r],a=t[r];t[r]=Ba.passThroughHooks.has(n)?e=>{if(t.options.async&&Ba.passThroughHooksRespectAsync.has(n))return(async()=>{let n=await i.call(t,e);return a.call(t,n)})();let r=i.call(t,e);return a.call(t,r)}:(...e)=>{if(t.options.async)return(async()=>{let n=await i.apply(t,e);return n===!1&&(n=await a.apply(t,e)),n})();let n=i.apply(t,e);return n===!1&&(n=a.apply(t,e)),n}}n.hooks=t}if(e.walkTokens){let t=this.defaults.walkTokens,r=e.walkTokens;n.walkTokens=function(e){let n=[];return X(n,r.call(this,e)),t&&X(n,t.call(this,e)),n}}this.defaults={...this.defaults,...n}}),this}setOptions(e){return this.defaults={...this.defaults,...e},this}lexer(e,t){return J.lex(e,t??this.defaults)}parser(e,t){return Y.parse(e,t??this.defaults)}parseMarkdown(e){return(t,n)=>{let r={...n},i={...this.defaults,...r},a=this.onError(!!i.silent,!!i.async);if(this.defaults.async===!0&&r.async===!1)return a(Error(`marked(): The async option was set to true by an extension. Remove async: false from the parse options object to return a Promise.`));if(typeof t>`u`||t===null)return a(Error(`marked(): input parameter is undefined or null`));if(typeof t!=`string`)return a(Error(`marked(): input parameter is of type `+Object.prototype.toString.call(t)+`, string expected`));if(i.hooks&&(i.hooks.options=i,i.hooks.block=e),i.async)return(async()=>{let n=i.hooks?await i.hooks.preprocess(t):t,r=await(i.hooks?await i.hooks.provideLexer(e):e?J.lex:J.lexInline)(n,i),a=i.hooks?await i.hooks.processAllTokens(r):r;i.walkTokens&&await Promise.all(this.walkTokens(a,i.walkTokens));let o=await(i.hooks?await i.hooks.provideParser(e):e?Y.parse:Y.parseInline)(a,i);return i.hooks?await i.hooks.postprocess(o):o})().catch(a);try{i.hooks&&(t=i.hooks.preprocess(t));let n=(i.hooks?i.hooks.provideLexer(e):e?J.lex:J.lexInline)(t,i);i.hooks&&(n=i.hooks.processAllTokens(n)),i.walkTokens&&this.walkTokens(n,i.walkTokens);let r=(i.hooks?i.hooks.provideParser(e):e?Y.parse:Y.parseInline)(n,i);return i.hooks&&(r=i.hooks.postprocess(r)),r}catch(e){return a(e)}}}onError(e,t){return n=>{if(n.message+=`
Please report this to https://github.com/markedjs/marked.`,e){let e=`<p>An error occurred:</p><pre>`+K(n.message+``,!0)+`</pre>`;return t?Promise.resolve(e):e}if(t)return Promise.reject(n);throw n}}};function Z(e,t){return Va.parse(e,t)}Z.options=Z.setOptions=function(e){return Va.setOptions(e),Z.defaults=Va.defaults,Qr(Z.defaults),Z},Z.getDefaults=Xr,Z.defaults=Zr;function Ha(...e){return Va.use(...e),Z.defaults=Va.defaults,Qr(Z.defaults),Z}Z.use=Ha,Z.walkTokens=function(e,t){return Va.walkTokens(e,t)},Z.parseInline=Va.parseInline,Z.Parser=Y,Z.parser=Y.parse,Z.Renderer=Ra,Z.TextRenderer=za,Z.Lexer=J,Z.lexer=J.lex,Z.Tokenizer=La,Z.Hooks=Ba,Z.parse=Z,Z.options,Z.setOptions,Z.walkTokens,Z.parseInline,Y.parse,J.lex;var Ua=class{#e=``;#t=[];of(e){return e===this.#e||(e.length>this.#e.length&&e.startsWith(this.#e)?this.#n(e):this.#t=Wa(e,0),this.#e=e),this.#t}whole(e){return this.#e=``,this.of(e)}#n(e){let t=this.#t.findLastIndex(e=>e.token.type!==`space`),n=this.#t[t]?.from??0;this.#t=[...this.#t.slice(0,Math.max(0,t)),...Wa(e.slice(n),n)]}};function Wa(e,t){let n=[];for(let r of new J({gfm:!0}).lex(e))n.push({token:r,from:t}),t+=r.raw.length;return n}var Ga=class{#e=[];of(e,t,n,r){let i=[],a=[...new Set(t.map(t=>Math.min(t.at,e.length)))].sort((e,t)=>e-t);return[0,...a].forEach((o,s)=>{s>0&&i.push({kind:`tools`,tools:t.filter(t=>Math.min(t.at,e.length)===o)});let c=a[s]??e.length,l=this.#e[s]??=new Ua,u=e.slice(o,c),d=r?l.whole(u):l.of(u),f=n.filter(e=>e.at>=o&&(e.at<c||s===a.length));i.push(...Ka(d,f,o))}),i.filter(e=>e.kind!==`text`||e.blocks.length>0)}};function Ka(e,t,n){let r=[],i=[...e];for(let e of t){let t=e.at-n,a=i.findIndex(e=>e.from+e.token.raw.length>t),o=a<0?void 0:i[a],s=a<0?i:i.slice(0,a),c=a<0?[]:i.slice(a);if(o!==void 0&&t>o.from){let[e,n]=qa(o,t-o.from);s.push(...e),c.splice(0,1,...n)}r.push({kind:`text`,blocks:s},{kind:`seam`,seam:e}),i=c}return r.push({kind:`text`,blocks:i}),r}function qa(e,t){if(e.token.type!==`paragraph`&&e.token.type!==`text`)return[[e],[]];let n=(t,n)=>new Ua().of(t).map(t=>({token:t.token,from:t.from+e.from+n}));return[n(e.token.raw.slice(0,t),0),n(e.token.raw.slice(t),t)]}var Ja=o`
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
`,Ya={},Xa=Rr(class extends zr{constructor(){super(...arguments),this.ot=Ya}render(e,t){return t()}update(e,[t,n]){if(Array.isArray(t)){if(Array.isArray(this.ot)&&this.ot.length===t.length&&t.every((e,t)=>e===this.ot[t]))return S}else if(this.ot===t)return S;return this.ot=Array.isArray(t)?Array.from(t):t,this.render(t,n)}});async function Za(e){try{return await navigator.clipboard.writeText(e),!0}catch{return Qa(e)}}function Qa(e){let t=document.activeElement,n=document.createElement(`textarea`);n.value=e,n.className=`clipboard`,n.setAttribute(`aria-hidden`,`true`),document.body.append(n),n.select();let r=document.execCommand(`copy`);return n.remove(),t instanceof HTMLElement&&t.focus(),r}var $a=class extends E{static properties={text:{attribute:!1},language:{attribute:!1},wrapped:{state:!0},copied:{state:!0}};static styles=[O,k,o`
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
    `];constructor(){super(),this.text=``,this.language=``,this.wrapped=!1,this.copied=!1}render(){return b`<header>
        <span>${(this.language.split(/\s/)[0]??``)||`text`}</span>
        <button class="plain" type="button" aria-pressed=${this.wrapped} @click=${()=>this.wrapped=!this.wrapped}>
          Wrap
        </button>
        <button class="plain" type="button" @click=${()=>void this.#e()}>
          ${D(this.copied?`done`:`copy`)} ${this.copied?`Copied`:`Copy`}
        </button>
      </header>
      <pre class=${this.wrapped?`wrapped`:``} tabindex="0" role="group" aria-label="Code"><code>${this.text}</code></pre>`}async#e(){this.copied=await Za(this.text),setTimeout(()=>this.copied=!1,2e3)}};customElements.define(`soma-code`,$a);var eo=/^(https?:|mailto:)/i,to={amp:`&`,lt:`<`,gt:`>`,quot:`"`,apos:`'`,nbsp:`\xA0`};function no(e){return e.map(e=>Xa([e.token.type,e.token.raw],()=>ro(e.token)))}function ro(e){switch(e.type){case`heading`:return io(e);case`paragraph`:return b`<p>${Q(e.tokens)}</p>`;case`text`:return b`${Q(e.tokens??[e])}`;case`code`:return b`<soma-code .text=${e.text} .language=${e.lang??``}></soma-code>`;case`blockquote`:return b`<blockquote>${e.tokens.map(ro)}</blockquote>`;case`list`:return ao(e);case`table`:return oo(e);case`hr`:return b`<hr />`;case`html`:return b`<p>${e.raw}</p>`;default:return C}}function io(e){let t=Q(e.tokens);switch(e.depth){case 1:case 2:return b`<h2>${t}</h2>`;case 3:return b`<h3>${t}</h3>`;default:return b`<h4>${t}</h4>`}}function ao(e){let t=e.items.map(e=>b`<li>${e.tokens.map(ro)}</li>`);return e.ordered?b`<ol start=${e.start===``?1:e.start}>${t}</ol>`:b`<ul>${t}</ul>`}function oo(e){let t=e=>e.map(e=>b`<td class=${e.align??``}>${Q(e.tokens)}</td>`);return b`<div class="table" tabindex="0" role="group" aria-label="Table">
    <table>
      <thead>
        <tr>
          ${e.header.map(e=>b`<th class=${e.align??``} scope="col">${Q(e.tokens)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${e.rows.map(e=>b`<tr>${t(e)}</tr>`)}
      </tbody>
    </table>
  </div>`}function Q(e){return e.map(so)}function so(e){switch(e.type){case`strong`:return b`<strong>${Q(e.tokens)}</strong>`;case`em`:return b`<em>${Q(e.tokens)}</em>`;case`del`:return b`<del>${Q(e.tokens)}</del>`;case`codespan`:return b`<code>${e.text}</code>`;case`br`:return b`<br />`;case`link`:return co(e);case`image`:return b`<span class="quiet">[image: ${e.text||`without a description`}]</span>`;case`checkbox`:return e.checked?`☑ `:`☐ `;case`text`:{let{tokens:t,text:n}=e;return t===void 0?lo(n):b`${Q(t)}`}case`escape`:return e.text;default:return e.raw}}function co(e){let t=Q(e.tokens);return eo.test(e.href)?b`<a href=${e.href} target="_blank" rel="noopener noreferrer">${t}</a>`:b`${t}`}function lo(e){return e.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi,(e,...t)=>{let[n,r,i]=t;if(i!==void 0)return to[i]??e;let a=n===void 0?parseInt(r??``,16):parseInt(n,10);return a>0&&a<=1114111?String.fromCodePoint(a):e})}var uo={good:`RATING_GOOD`,bad:`RATING_BAD`,none:`RATING_UNSPECIFIED`};async function fo(e,t,n,r){let i=t.rated;t.ratedUntil=1/0,po(t,n);try{await e.post(`/api/v1/chat/turns/${encodeURIComponent(t.turnId)}:rate`,{rating:uo[n],text:r})}catch(e){throw po(t,i),e}finally{t.ratedUntil=performance.now()}}function po(e,t){e.rated=t,e.changed.beat()}var mo=class extends V{static properties={entry:{attribute:!1},turning:{state:!0}};static styles=[O,k,o`
      :host {
        display: inline-flex;
        align-items: center;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      [role="group"] {
        display: contents;
      }
      button.icon {
        width: 28px;
        min-height: 28px;
      }
    `];constructor(){super(),this.turning=!1}watched(){return[this.entry.changed,this.store.turns.running]}firstUpdated(){this.store.talk.takeTurned(this.entry)&&this.renderRoot.querySelector(`button:not(:disabled)`)?.focus()}render(){let{number:e,count:t}=this.entry.siblings;if(t<2)return C;let n=this.entry.role===`user`?`question`:`answer`;return b`<div role="group" aria-label=${`Version ${e} of ${t} of the ${n}`} @keydown=${e=>this.#n(e)}>
      ${this.#e(`left`,`The ${n} before`,e-1)}
      <span>${e}/${t}</span>
      ${this.#e(`right`,`The ${n} after`,e+1)}
    </div>`}#e(e,t,n){return b`<button class="plain icon" type="button" aria-label=${t} title=${t} ?disabled=${!this.#t(n)} @click=${()=>void this.#r(n)}>
      ${D(e)}
    </button>`}#t(e){return!this.turning&&this.store.turns.running.value===void 0&&this.entry.messageId!==``&&e>=1&&e<=this.entry.siblings.count}#n(e){let t=this.entry.siblings.number+(e.key===`ArrowLeft`?-1:+(e.key===`ArrowRight`));t!==this.entry.siblings.number&&this.#t(t)&&(e.preventDefault(),this.#r(t))}async#r(e){let{talk:t,layout:n}=this.store;this.turning=!0;try{await t.turnTo(this.entry,e),n.announce(`Version ${e} of ${this.entry.siblings.count} is shown.`)}catch(e){n.tell(j(e))}finally{this.turning=!1}}};customElements.define(`soma-branch-switch`,mo);var ho=1e3,go=class extends V{static properties={entry:{attribute:!1},copied:{state:!0},wording:{state:!0}};static styles=[O,k,o`
      :host {
        display: block;
        margin: var(--s1) 0 0 -8px;
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0 var(--s1);
      }
      button {
        min-height: 28px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      button.icon {
        width: 28px;
        padding: 0;
      }
      .line {
        min-width: 0;
        text-align: left;
      }
      .line svg {
        flex: none;
      }
      @media (max-width: 560px) {
        .line {
          flex: 1 1 100%;
          justify-content: flex-start;
          white-space: nowrap;
          overflow: hidden;
        }
      }
      button[aria-pressed="true"] {
        background: var(--accent-soft);
        color: var(--accent);
      }
      form {
        display: flex;
        gap: var(--s1);
        max-width: 480px;
        margin: var(--s1) 0 0 8px;
      }
      input {
        flex: 1;
        min-width: 0;
        font-size: var(--size-small);
      }
      form button {
        min-height: 32px;
      }
    `];constructor(){super(),this.copied=!1,this.wording=!1}watched(){return[this.entry.changed,this.store.turns.running]}render(){let{entry:e}=this,t=this.store.turns.running.value!==void 0;return b`<div class="row">
        ${this.#e()}
        ${e.text===``?C:this.#t(this.copied?`done`:`copy`,this.copied?`Copied`:`Copy the answer`,()=>void this.#a())}
        ${e.problem===void 0?b`<button class="plain icon" type="button" aria-label="Answer again" title="Answer again" ?disabled=${t} @click=${()=>this.store.turns.regenerate(e)}>
              ${D(`again`)}
            </button>`:C}
        <soma-branch-switch .store=${this.store} .entry=${e}></soma-branch-switch>
        ${e.turnId===``?C:b`${this.#n(`good`,`good`,`Good answer`)} ${this.#n(`bad`,`poor`,`Bad answer`)}`}
      </div>
      ${this.wording?this.#r():C}`}#e(){let{receiptId:e}=this.entry;if(e===``)return C;let t=this.#i();return b`<button
      class="plain line"
      type="button"
      title="Open the receipt"
      aria-label=${`Receipt: ${t}`}
      @click=${()=>this.store.showReceipt(e)}
    >
      ${D(`receipt`)} ${t}
    </button>`}#t(e,t,n){return b`<button class="plain icon" type="button" aria-label=${t} title=${t} @click=${n}>${D(e)}</button>`}#n(e,t,n){let r=this.entry.rated===e;return b`<button
      class="plain icon"
      type="button"
      aria-label=${n}
      title=${n}
      aria-pressed=${r}
      @click=${()=>void this.#o(r?`none`:e)}
    >
      ${D(t)}
    </button>`}#r(){let e=this.entry.rated===`good`?`What was good about it?`:`What was wrong with it?`;return b`<form @submit=${e=>void this.#s(e)} @keydown=${e=>this.#l(e)}>
      <input type="text" aria-label=${e} placeholder=${`${e} (if you like)`} maxlength=${ho} autocomplete="off" />
      <button type="submit">Send</button>
      <button class="plain icon" type="button" aria-label="Say nothing more" title="Say nothing more" @click=${()=>this.wording=!1}>
        ${D(`close`)}
      </button>
    </form>`}#i(){let{entry:e}=this,t=(e.usage?.input_tokens??0)+(e.usage?.output_tokens??0),n=e.firstTokenMs>0?`${vt(e.firstTokenMs)} to first token`:e.model;return[e.level,`${M(t)} tokens`,ht(e.costMicros),n].filter(e=>e!==``).join(` · `)}async#a(){this.copied=await Za(this.entry.text),this.store.layout.announce(this.copied?`Copied.`:`The browser did not allow copying.`),setTimeout(()=>this.copied=!1,2e3)}async#o(e){this.wording=e!==`none`,await this.#c(e,``)?this.store.layout.announce(e===`none`?`The rating is taken back.`:`Rated. You can say why.`):this.wording=!1}async#s(e){e.preventDefault();let t=this.renderRoot.querySelector(`input`)?.value.trim()??``;(t===``||await this.#c(this.entry.rated,t))&&(this.wording=!1,this.store.layout.announce(`Thank you.`))}async#c(e,t){try{return await fo(this.store.rest,this.entry,e,t),this.store.receipts.renew(this.entry.receiptId),!0}catch(e){return this.store.layout.tell(j(e)),!1}}#l(e){e.key===`Escape`&&(e.preventDefault(),this.wording=!1)}};customElements.define(`soma-answer-foot`,go);var _o=class extends V{static properties={entry:{attribute:!1}};static styles=[O,k,o`
      :host {
        display: block;
      }
      .said {
        position: relative;
      }
      .said > button {
        position: absolute;
        top: 5px;
        right: 5px;
        width: 28px;
        min-height: 28px;
      }
      .asked {
        padding: var(--s2) 40px var(--s2) var(--s3);
        border-radius: var(--corner);
        background: var(--sunken);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      soma-branch-switch {
        display: flex;
        margin: 2px 0 0 -8px;
      }
      form {
        display: grid;
        gap: var(--s2);
        padding: var(--s2);
        border: 1px solid var(--accent);
        border-radius: var(--corner);
        background: var(--raised);
      }
      textarea {
        width: 100%;
        max-height: 50dvh;
        border: 0;
        background: none;
        resize: none;
        line-height: 1.6;
        field-sizing: content;
      }
      textarea:focus-visible {
        outline: none;
      }
      .end {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: flex-end;
        gap: var(--s2);
      }
      .end .quiet {
        flex: 1;
        min-width: 12ch;
      }
    `];watched(){return[this.entry.changed,this.store.turns.running,this.store.layout.editing]}get#e(){return this.store.layout.editing.value===this.entry}render(){if(this.#e)return this.#t();let{entry:e}=this,t=this.store.turns.running.value!==void 0;return b`<div class="said">
        <div class="asked">${e.text}</div>
        <button
          class="plain icon"
          type="button"
          aria-label="Edit the question"
          title="Edit the question"
          ?disabled=${t||e.messageId===``}
          @click=${()=>this.store.layout.editing.value=e}
        >
          ${D(`pen`)}
        </button>
      </div>
      <soma-branch-switch .store=${this.store} .entry=${e}></soma-branch-switch>`}#t(){return b`<form @submit=${e=>this.#i(e)} @keydown=${e=>this.#r(e)}>
      <textarea aria-label="The question, edited" rows="1" .value=${this.entry.text}></textarea>
      <div class="end">
        <span class="quiet tiny">The old question and its answer stay beside it.</span>
        <button type="button" @click=${()=>this.#a()}>Cancel</button>
        <button class="main" type="submit">Send</button>
      </div>
    </form>`}updated(){if(this.#e&&!this.#n){let e=this.renderRoot.querySelector(`textarea`);e?.focus(),e?.setSelectionRange(e.value.length,e.value.length),this.scrollIntoView({block:`nearest`})}this.#n=this.#e}#n=!1;#r(e){e.key===`Escape`?(e.preventDefault(),this.#a()):e.key===`Enter`&&!e.shiftKey&&!e.isComposing&&e.target instanceof HTMLTextAreaElement&&this.#i(e)}#i(e){e.preventDefault();let t=this.renderRoot.querySelector(`textarea`)?.value??``;t.trim()!==``&&this.store.turns.running.value===void 0&&(this.#a(),this.store.turns.edit(this.entry,t))}#a(){this.store.layout.editing.value=void 0,this.dispatchEvent(new CustomEvent(`soma-done`,{bubbles:!0,composed:!0}))}};customElements.define(`soma-question`,_o);function vo(e){try{return JSON.stringify(JSON.parse(e),null,2)}catch{return e}}function yo(e){let t;try{t=JSON.parse(e)}catch{return}if(typeof t==`object`&&t&&!Array.isArray(t))return Object.entries(t).map(([e,t])=>[e,typeof t==`string`?t:JSON.stringify(t,null,2)])}var bo=1e3,xo=[`CALL_RESOLVED`,`RESOURCE_NOT_FOUND`],So=class extends V{static properties={entry:{attribute:!1},use:{attribute:!1},sent:{state:!0},problem:{state:!0}};static styles=[O,k,o`
      section {
        margin: 0 0 var(--s3);
        padding: var(--s3) var(--s4);
        border: 1px solid var(--warn);
        border-radius: var(--corner);
        background: var(--raised);
      }
      h2 {
        overflow-wrap: anywhere;
      }
      p {
        margin-top: var(--s1);
      }
      dl {
        display: grid;
        grid-template-columns: minmax(0, auto) minmax(0, 1fr);
        gap: var(--s1) var(--s4);
      }
      .given {
        max-height: 280px;
        margin-top: var(--s3);
        padding: var(--s2) var(--s3);
        border-radius: var(--corner);
        background: var(--sunken);
        overflow-y: auto;
      }
      dt {
        max-width: 20ch;
        color: var(--ink-soft);
        overflow-wrap: anywhere;
      }
      dd,
      pre {
        margin: 0;
        font: var(--size-small) / 1.5 var(--mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      pre {
        margin-top: var(--s3);
      }
      form {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s2);
        margin-top: var(--s3);
      }
      input {
        flex: 1 1 180px;
        min-width: 0;
      }
      @media (max-width: 560px) {
        input {
          flex-basis: 100%;
        }
      }
      .bad {
        color: var(--bad);
      }
    `];constructor(){super(),this.sent=``,this.problem=``}watched(){return[this.store.layout.approvalSought]}render(){let{use:e}=this;return b`<section aria-labelledby="ask" aria-describedby="why" tabindex="-1">
      <h2 id="ask">May <code>${e.name}</code> run?</h2>
      <p id="why" class="quiet">${e.consent?.sentence}${this.#e()}</p>
      ${this.#t()} ${this.sent===``?this.#n():b`<p role="status">${Co[this.sent]}</p>`}
      ${this.problem===``?C:b`<p class="bad" role="alert">${this.problem}</p>`}
    </section>`}updated(){if(this.store.layout.takeApprovalWish()){let e=this.renderRoot.querySelector(`section`);e?.scrollIntoView({block:`center`}),e?.focus()}}#e(){let e=this.use.consent?.expireTime??``;return e===``?``:` Without a decision it is denied on ${L(e)}.`}#t(){let e=yo(this.use.args);return e===void 0?b`<pre tabindex="0" role="group" aria-label="Arguments">${this.use.args}</pre>`:e.length===0?b`<p class="quiet">It takes no arguments.</p>`:b`<div class="given" tabindex="0" role="group" aria-label="Arguments">
          <dl>${e.map(([e,t])=>b`<dt>${e}</dt><dd>${t}</dd>`)}</dl>
        </div>`}#n(){return b`<form @submit=${e=>e.preventDefault()}>
      <input type="text" aria-label="A word to the model" placeholder="A word to the model (if you like)" maxlength=${bo} autocomplete="off" />
      <button class="main" type="button" @click=${()=>void this.#r(`approve`)}>Approve</button>
      <button class="danger" type="button" @click=${()=>void this.#r(`deny`)}>Deny</button>
    </form>`}async#r(e){let{use:t,entry:n}=this,r=this.renderRoot.querySelector(`input`)?.value.trim()??``;this.problem=``,this.sent=e;try{await this.store.approvals.decide(n.turnId,t.callId,t.consent?.hash??``,e,r),this.store.layout.announce(e===`approve`?`Approved. The answer goes on.`:`Denied. The answer goes on without it.`)}catch(e){let t=j(e);this.sent=xo.includes(t.code)?`elsewhere`:``,this.problem=this.sent===``?t.message:``}this.dispatchEvent(new CustomEvent(`soma-done`,{bubbles:!0,composed:!0}))}},Co={approve:`Approved. It runs now.`,deny:`Denied. The model is told.`,elsewhere:`It was decided elsewhere; the answer goes on by that decision.`};customElements.define(`soma-approval`,So);var wo={consent:`waits for you`,running:`running`,open:`not finished`,client:`asked for`,done:`done`,failed:`failed`,denied:`denied`,unknown:`outcome unknown`},To={open:`The turn ended before it did.`,client:`The program that sent the message runs it.`,denied:`It did not run.`,unknown:`It was sent, and nobody knows whether it had its effect; it is not sent again.`},Eo=class extends V{static properties={entry:{attribute:!1},use:{attribute:!1}};static styles=[O,k,o`
      :host {
        display: block;
        border-bottom: 1px solid var(--hairline);
        font-size: var(--size-small);
      }
      summary {
        display: flex;
        align-items: center;
        gap: var(--s2);
        min-height: 32px;
        padding: 0 var(--s1);
        color: var(--ink-soft);
        cursor: pointer;
        list-style: none;
      }
      summary::-webkit-details-marker {
        display: none;
      }
      summary::after {
        content: "";
        flex: none;
        width: 6px;
        height: 6px;
        margin: 0 4px 0 auto;
        border: solid currentColor;
        border-width: 0 1.4px 1.4px 0;
        rotate: 45deg;
        translate: 0 -2px;
      }
      details[open] > summary::after {
        rotate: 225deg;
        translate: 0 2px;
      }
      summary svg {
        flex: none;
      }
      .name {
        min-width: 0;
        color: var(--ink);
      }
      .state {
        flex: none;
      }
      .state.failed,
      .state.unknown,
      .state.denied {
        color: var(--bad);
      }
      .state.consent {
        color: var(--warn);
      }
      .body {
        display: grid;
        gap: var(--s2);
        padding: var(--s1) var(--s1) var(--s3) 28px;
      }
      .decided {
        padding: 0 var(--s1) var(--s2) 28px;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        overflow-wrap: anywhere;
      }
      .label {
        margin-bottom: 2px;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      pre {
        max-height: 320px;
        margin: 0;
        padding: var(--s2) var(--s3);
        border-radius: var(--corner);
        background: var(--sunken);
        font: var(--size-tiny) / 1.5 var(--mono);
        white-space: pre-wrap;
        overflow: auto;
        overflow-wrap: anywhere;
      }
    `];render(){let{use:e}=this,t=e.milliseconds>0?vt(e.milliseconds):``;return b`<details>
        <summary>
          ${D(`tool`)} <code class="name cut">${e.name}</code>
          <span class=${`state ${e.state}`}>${wo[e.state]}${t===``?``:` · ${t}`}</span>
        </summary>
        <div class="body">
          ${To[e.state]===void 0?C:b`<p class="quiet">${To[e.state]}</p>`}
          <div>
            <p class="label">Arguments</p>
            <pre tabindex="0" role="group" aria-label="Arguments">${vo(e.args)||`none`}</pre>
          </div>
          ${e.content===``?C:b`<div>
                <p class="label">${e.state===`done`?`Result`:`What came back`}</p>
                <pre tabindex="0" role="group" aria-label="Result">${vo(e.content)}${e.truncated?` …`:``}</pre>
                ${e.truncated?b`<p class="quiet tiny">The model read more than is shown here.</p>`:C}
              </div>`}
        </div>
      </details>
      ${this.#e()}
      ${e.state===`consent`&&this.entry.running?b`<soma-approval .store=${this.store} .entry=${this.entry} .use=${e}></soma-approval>`:C}`}#e(){let{consent:e}=this.use;if(e===void 0||e.decision===``)return C;let{decidedBy:t,decision:n,note:r}=e,i=t===this.store.mesh.userId?`you`:t;return b`<p class="decided">${t===`policy`?`Nobody decided in time, so it was denied.`:`${n===`approve`?`Approved`:`Denied`}${i===``?``:` by ${i}`}.`}${r===``?``:` “${r}”`}</p>`}};customElements.define(`soma-tool`,Eo);var Do=250,Oo={BUDGET_EXHAUSTED:{tab:`budget`,name:`Open the budgets`},RATE_LIMITED:{tab:`budget`,name:`Open the limits`},LEVEL_TOO_LOW:{tab:`level`,name:`Open the level`}},ko=class extends V{static properties={entry:{attribute:!1}};pieces=new Ga;static styles=[O,k,A,Ja,o`
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
      .seam {
        display: flex;
        align-items: center;
        gap: var(--s3);
        margin: var(--s3) 0;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      .seam::before,
      .seam::after {
        content: "";
        flex: 1;
        border-top: 1px solid var(--hairline);
      }
      .tools {
        margin: var(--s3) 0;
        border-top: 1px solid var(--hairline);
      }
    `];watched(){return[this.entry.changed]}async scheduleUpdate(){this.hasUpdated&&this.entry.running&&await new Promise(e=>{document.hidden?setTimeout(e,Do):requestAnimationFrame(()=>e())}),super.scheduleUpdate()}render(){let{entry:e}=this,t=e.role===`user`;return b`<article aria-label=${t?`You`:`Answer`} aria-busy=${e.running&&e.asking===void 0}>
      <div class="who"><span>${t?`You`:`Soma`}</span><time>${bt(e.time)}</time></div>
      ${t?b`<soma-question .store=${this.store} .entry=${e}></soma-question>`:this.#e()}
    </article>`}#e(){let{entry:e}=this;return b`
      ${e.notices.map(Ao)}
      ${e.reasoning===``?C:b`<details><summary>Reasoning</summary><p>${e.reasoning}</p></details>`}
      ${this.pieces.of(e.text,e.tools,e.seams,!e.running).map(e=>this.#t(e))}
      ${e.state===`waiting`&&e.asking===void 0?b`<div class="waiting"></div>`:C}
      ${e.problem===void 0?this.#n():this.#r(e.problem)}
      ${e.running?C:b`<soma-answer-foot .store=${this.store} .entry=${e}></soma-answer-foot>`}
    `}#t(e){switch(e.kind){case`text`:return b`<div class="prose">${no(e.blocks)}</div>`;case`seam`:return b`<p class="seam" role="note" title=${e.seam.detail}>${e.seam.sentence}</p>`;case`tools`:return b`<ul class="tools" aria-label="Tools">
          ${Yr(e.tools,e=>e.callId,e=>b`<li><soma-tool .store=${this.store} .entry=${this.entry} .use=${e}></soma-tool></li>`)}
        </ul>`}}#n(){let{state:e,text:t}=this.entry;return e===`stopped`?b`<p class="notice">${t===``?`Stopped before anything was written.`:`Stopped. What was written is kept.`}</p>`:e===`failed`?b`<p class="notice">This answer was cut short; what was written is kept.</p>`:C}#r(e){let{retry:t}=this.entry,n=e.retryAfter===void 0?``:` You can try again in ${_t(e.retryAfter)}.`,r=Oo[e.code];return b`<div class="problem" role="alert">
      <p>${e.message}${n}</p>
      <div class="row">
        ${t===void 0?C:b`<button type="button" @click=${t}>Try again</button>`}
        ${r===void 0?C:b`<button type="button" @click=${()=>this.store.layout.openDrawer(r.tab)}>${r.name}</button>`}
        <span class="quiet tiny">${e.code}${e.errorId===``?``:b` · id <code>${e.errorId}</code>`}</span>
      </div>
    </div>`}};function Ao(e){let t=e.level===``||e.level===`L0`?C:b`<strong>${e.level}</strong> `;return b`<p class=${t===C?`notice`:`notice warn`}>${t}${e.text}</p>`}customElements.define(`soma-message`,ko);var jo=`.venv/bin/somastack model add openai`,Mo=[{ask:`Remember that my cat is called Miso and loves rain.`,shows:`It is learned, and the tab Memory finds it.`},{ask:`How many hours are there in 17 weeks? Calculate it.`,shows:`A tool calculates: a row in the answer that unfolds.`},{ask:`What can you do, in three sentences?`,shows:`The line under the answer opens its receipt: what was read, what was left out, what it cost.`}],No=class extends V{static properties={copied:{state:!0}};static styles=[O,k,A,o`
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
    `];constructor(){super(),this.copied=!1}watched(){return[this.store.mesh.models]}render(){return b`
      <h2>What shall we do?</h2>
      <p class="quiet">Every answer comes with a receipt, and what matters is remembered.</p>
      ${this.store.mesh.withoutModel?this.#e():C}
      <ul>
        ${Mo.map(({ask:e,shows:t})=>b`<li>
            <button type="button" @click=${()=>this.#t(e)}>
              <span>${e}</span><span class="quiet small">${t}</span>${D(`up`)}
            </button>
          </li>`)}
      </ul>
    `}#e(){return b`<div class="notice warn">
      <p>No model is configured: the offline one shows what would have been sent. This adds one, and asks for the key:</p>
      <div class="command">
        <code tabindex="0">${jo}</code>
        <button class="plain" type="button" @click=${()=>void this.#n()}>
          ${D(this.copied?`done`:`copy`)} ${this.copied?`Copied`:`Copy`}
        </button>
      </div>
    </div>`}#t(e){this.dispatchEvent(new CustomEvent(`soma-ask`,{detail:e,bubbles:!0,composed:!0}))}async#n(){this.copied=await Za(jo),setTimeout(()=>this.copied=!1,2e3)}};customElements.define(`soma-welcome`,No);var Po=48,Fo=800,Io=class extends V{static properties={away:{state:!0}};static styles=[O,k,A,o`
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
      li.sought {
        margin: 0 calc(-1 * var(--s3));
        padding: var(--s2) var(--s3) 0;
        border-radius: var(--corner);
        background: var(--accent-soft);
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
    `];#e=!0;#t=0;#n=new ResizeObserver(()=>this.#s());constructor(){super(),this.away=!1}watched(){let{talk:e,thread:t}=this.store;return[t.entries,e.opening,e.problem,e.loadingOlder,e.sought]}render(){let{entries:e}=this.store.thread;return b`
      <div class="scroll" tabindex="0" role="region" aria-label="Conversation" @scroll=${()=>this.#c()}>
        <div class="column">${this.#r()}</div>
      </div>
      ${this.away&&e.value.length>0?b`<button class="latest" type="button" @click=${()=>this.#l()}>${D(`down`)} Jump to latest</button>`:C}
    `}#r(){let{talk:e,thread:t}=this.store,n=t.entries.value;return e.problem.value!==void 0&&n.length===0?b`<p class="problem" role="alert">${e.problem.value.message}</p>`:e.opening.value?b`<div role="status" aria-label="Opening the conversation">
        <div class="bone short"></div>
        <div class="bone"></div>
        <div class="bone"></div>
        <div class="bone short"></div>
      </div>`:n.length===0?b`<soma-welcome .store=${this.store}></soma-welcome>`:b`
      ${e.problem.value===void 0?C:b`<p class="problem" role="alert">${e.problem.value.message}</p>`}
      ${e.hasOlder?b`<div class="older">
            <button class="plain" type="button" ?disabled=${e.loadingOlder.value} @click=${()=>void e.loadOlder()}>
              ${e.loadingOlder.value?`Reading older messages`:`Show older messages`}
            </button>
          </div>`:C}
      <ol>
        ${Yr(n,e=>e.key,t=>b`<li class=${t===e.sought.value?`sought`:``} tabindex=${t===e.sought.value?`-1`:C}><soma-message .store=${this.store} .entry=${t}></soma-message></li>`)}
      </ol>
    `}firstUpdated(){let e=this.renderRoot.querySelector(`.column`);e!==null&&this.#n.observe(e),this.#n.observe(this)}willUpdate(){let e=this.store.thread.entries.value,t=e.at(-1);e!==this.#i&&(t?.state===`waiting`||e.length===0||this.#i.length===0)&&(this.#e=!0),this.#a=this.#i.length>0&&e.at(-1)===this.#i.at(-1)&&e[0]!==this.#i[0],this.#i=e}#i=[];#a=!1;updated(){let{value:e}=this.store.talk.sought;if(e!==this.#o){this.#o=e;let t=this.renderRoot.querySelector(`li.sought`);t!==null&&(this.#e=!1,t.scrollIntoView({block:`center`}),t.focus({preventScroll:!0}))}}#o;#s(){let e=this.#u;e!==null&&(this.#e?e.scrollTop=e.scrollHeight:this.#a&&=(e.scrollTop+=e.scrollHeight-this.#t,!1),this.#t=e.scrollHeight)}#c(){let e=this.#u;if(e===null)return;let t=e.scrollHeight-e.scrollTop-e.clientHeight;this.#e=t<Po,this.away=!this.#e,this.away&&e.scrollTop<Fo&&this.store.talk.hasOlder&&this.store.talk.loadOlder()}#l(){this.#e=!0,this.away=!1,this.#s(),this.#u?.focus()}get#u(){return this.renderRoot.querySelector(`.scroll`)}};customElements.define(`soma-thread`,Io);var Lo=65536,Ro=new TextEncoder,zo=kr()?`⌘`:`Ctrl`,Bo=class extends V{static properties={draft:{state:!0}};static styles=[O,k,o`
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
      .queue {
        max-width: var(--column);
        margin: 0 auto var(--s2);
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
        background: var(--sunken);
        font-size: var(--size-small);
      }
      .queue li {
        display: flex;
        align-items: center;
        gap: var(--s2);
        padding: 0 2px 0 var(--s3);
      }
      .queue li + li {
        border-top: 1px solid var(--hairline);
      }
      .queue svg {
        flex: none;
      }
      .queue .cut {
        flex: 1;
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
      .now {
        padding: 0 var(--s2);
        font-size: var(--size-small);
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
    `];constructor(){super(),this.draft=``}watched(){let{turns:e,thread:t}=this.store;return[e.running,e.queue,t.conversationId,t.entries]}render(){let{busy:e}=this.store.turns,t=Ro.encode(this.draft).length,n=t>Lo||this.draft.trim()===``;return b`${this.#t()}
      <form @submit=${e=>this.#a(e,`enqueue`)}>
        <textarea
          rows="1"
          aria-label="Message"
          placeholder=${e?`Write what comes next`:`Write a message`}
          autocomplete="off"
          aria-invalid=${t>Lo}
          .value=${this.draft}
          @input=${e=>this.draft=e.target.value}
          @keydown=${e=>this.#i(e)}
        ></textarea>
        ${e?this.#e(n):C}
        ${e&&n?C:b`<button class="main icon" type="submit" aria-label=${e?`Send after this answer`:`Send`} title=${e?`Send after this answer (Enter)`:`Send (Enter)`} ?disabled=${n}>
              ${D(e?`wait`:`up`)}
            </button>`}
      </form>
      ${this.#r(e,t)}`}#e(e){return b`${e?C:b`<button class="plain now" type="button" title=${`Stop and send (${zo} Enter)`} @click=${e=>this.#a(e,`interrupt`)}>
            Stop and send
          </button>`}
      ${this.store.turns.running.value===void 0?C:b`<button class="icon" type="button" aria-label="Stop" title="Stop (Escape)" @click=${()=>this.store.turns.stop()}>
            ${D(`stop`)}
          </button>`}`}#t(){let{value:e}=this.store.turns.queue;return e.length===0?C:b`<ol class="queue" aria-label="Waiting messages">
      ${e.map(e=>b`<li>
          ${D(`wait`)}<span class="cut">${e.text}</span>
          <button class="plain icon" type="button" aria-label="Take it back" title="Take it back into the message box" @click=${()=>this.#n(e)}>
            ${D(`close`)}
          </button>
        </li>`)}
    </ol>`}#n(e){this.store.turns.takeBack(e).catch(e=>this.store.layout.tell(j(e))),this.draft=[e.text,this.draft].filter(e=>e!==``).join(`
`),this.focusField()}#r(e,t){return t>Lo?b`<p class="hint bad" role="alert">
        A message may have 64 KiB of text; this one has ${Math.ceil(t/1024)} KiB. Shorten it or send it in parts.
      </p>`:e?this.draft.trim()===``?b`<p class="hint"><kbd>Esc</kbd> stops the answer. What is written is kept.</p>`:b`<p class="hint"><kbd>Enter</kbd> sends it after this answer, <kbd>${zo} Enter</kbd> stops the answer and sends it now.</p>`:this.draft!==``||this.store.thread.conversationId.value===``?b`<p class="hint"><kbd>Enter</kbd> sends, <kbd>Shift Enter</kbd> makes a new line.</p>`:b`<p class="hint"><kbd>↑</kbd> edits the last question.</p>`}focusField(){let e=this.renderRoot.querySelector(`textarea`);e?.focus(),e?.setSelectionRange(e.value.length,e.value.length)}firstUpdated(){this.store.layout.narrow.value||this.focusField()}#i(e){if(e.key===`Enter`&&!e.shiftKey&&!e.isComposing)this.#a(e,e.ctrlKey||e.metaKey?`interrupt`:`enqueue`);else if(e.key===`ArrowUp`&&this.draft===``){let t=this.store.thread.entries.value.findLast(e=>e.role===`user`&&e.messageId!==``);t!==void 0&&this.store.turns.running.value===void 0&&(e.preventDefault(),this.store.layout.editing.value=t)}}#a(e,t){e.preventDefault(),Ro.encode(this.draft).length<=Lo&&this.draft.trim()!==``&&(this.store.turns.say(this.draft,t),this.draft=``)}};customElements.define(`soma-composer`,Bo);var $=o`
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
  .pair > .trouble {
    color: var(--bad);
  }
  .pair > button.link {
    text-align: left;
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
`,Vo=`up`,Ho={degraded:`works with restrictions`,down:`does not answer`,unspecified:`not known yet`};function Uo(e){let t=e.filter(e=>Ko(e)!==Vo),n=e.filter(e=>Ko(e)===Vo);return b`<section aria-labelledby="dependencies">
    <h2 id="dependencies">Depends on <span>${e.length===0?``:t.length===0?`all of it works`:`${t.length} in trouble`}</span></h2>
    ${e.length===0?b`<p class="quiet">Nobody has told yet how what the mesh depends on is.</p>`:b`<ul class="rows">
          ${t.map(e=>Go(e))}
          ${n.length===0?C:b`<li class="quiet">Works: ${n.map(e=>P(e.name)).join(`, `)}</li>`}
        </ul>`}
  </section>`}function Wo(e){return e.filter(e=>Ko(e)===`down`).map(e=>P(e.name))}function Go(e){let t=Ko(e);return b`<li>
    <div class="pair"><span>${F(P(e.name))}</span><span class="trouble">${Ho[t]??t}</span></div>
    ${e.detail===``?C:b`<p class="quiet">${e.detail}</p>`}
  </li>`}function Ko(e){return yt(e.state,`DEPENDENCY_STATE_`)}function qo(e){return b`<section aria-labelledby="compared">
    <h2 id="compared">Compared <span>${e.differences===void 0?``:N(e.differences.length,`difference`)}</span></h2>
    ${Jo(e)}
  </section>`}function Jo({differences:e,problem:t}){return t===void 0?e===void 0?b`<p class="quiet" role="status">The two are being compared.</p>`:e.length===0?b`<p class="quiet" role="status">They do not differ in anything but ids and moments.</p>`:b`<ul class="rows">
    ${e.map(e=>Yo(e))}
  </ul>`:b`<p class="problem" role="alert">${t.message}</p>`}function Yo({part:e,sentence:t,before:n,after:r,name:i}){let a=t===``?`${F(P(i))}: ${n||`none`}, then ${r||`none`}.`:t;return b`<li><span class="quiet tiny">${F(P(e))}</span><p>${a}</p></li>`}var Xo={system_prompt:`The agent's instructions`,"policy/data":`The rule that data are not instructions`,answer:`What the answer had so far`},Zo=/^round\/(\d+)(\/)?/,Qo=[`system_policy`,`history`,`memory`,`tools`,`tool_results`,`user_message`],$o=6,es=100,ts=class extends V{static properties={receipt:{attribute:!1},whole:{state:!0}};static styles=[O,k,$,o`
      details {
        border-top: 1px solid var(--hairline);
      }
      details:last-of-type {
        border-bottom: 1px solid var(--hairline);
      }
      summary {
        display: flex;
        justify-content: space-between;
        gap: var(--s3);
        padding: var(--s2) 0;
        cursor: pointer;
      }
      summary::before {
        content: "+";
        flex: none;
        width: 10px;
        color: var(--ink-soft);
      }
      details[open] > summary::before {
        content: "−";
      }
      summary span:first-of-type {
        flex: 1;
      }
      details .rows {
        padding-left: 22px;
      }
      details .rows > li:last-child {
        border-bottom: 0;
      }
    `];constructor(){super(),this.whole=new Set}watched(){return[this.store.thread.entries]}render(){let e=rs(this.receipt),t=e.filter(({item:e})=>!e.kept).length,n=[...Qo,...new Set(e.map(({item:e})=>e.lane).filter(e=>!Qo.includes(e)))];return b`<section aria-labelledby="items">
        <h2 id="items">Kept and left out <span>${t===0?`nothing left out`:`${M(t)} left out`}</span></h2>
        ${e.length===0?b`<p class="quiet">Nothing was put together for this turn yet.</p>`:C}
        ${n.map(t=>this.#e(t,e.filter(({item:e})=>e.lane===t)))}
      </section>
      ${as(this.receipt)}`}#e(e,t){if(t.length===0)return C;let n=t.filter(({item:e})=>e.kept),r=n.reduce((e,{item:t})=>e+t.tokens,0),i=this.whole.has(e)?t:t.slice(0,es),a=t.length-n.length;return b`<details ?open=${t.length<=$o||e===`memory`}>
      <summary>
        <span>${F(P(e))}</span>
        <span class="quiet">${M(n.length)} kept${a===0?``:`, ${M(a)} left out`} · ${N(r,`token`)}</span>
      </summary>
      <ul class="rows">
        ${i.map(e=>this.#t(e))}
      </ul>
      ${i.length===t.length?C:b`<button class="plain" type="button" @click=${()=>this.whole=new Set([...this.whole,e])}>Show all ${M(t.length)}</button>`}
    </details>`}#t({item:e,leg:t}){let n=this.store.thread.entries.value.find(t=>t.messageId!==``&&t.messageId===e.item_id);return b`<li>
      <div class="pair"><span>${this.#n(e)}${t===0?``:` (call ${t})`}</span><span>${N(e.tokens,`token`)}</span></div>
      ${n===void 0?C:b`<p class="quiet excerpt">${n.text.slice(0,240)}</p>`} ${is(e)}
    </li>`}#n(e){switch(e.lane){case`memory`:return b`<button class="link" type="button" @click=${()=>this.store.showMemory(e.item_id)}>
            Memory <code>${e.item_id.slice(-8)}</code></button
          >${e.version>1?b` <span class="quiet">version ${e.version}</span>`:C}`;case`user_message`:return`Your message`;case`history`:return Xo[e.item_id]??`An earlier message`;case`tools`:return b`Tool <code>${e.item_id}</code>`;default:return Xo[e.item_id]??ns(e.item_id)??F(P(e.lane))}}};function ns(e){let[,t,n]=Zo.exec(e)??[];return t===void 0?void 0:`${n===void 0?`Tool calls`:`A tool's result`} of round ${t}`}function rs(e){let t=e.items.map(e=>({item:e,leg:0})),n=e.legs.flatMap(e=>(e.items??[]).map(t=>({item:t,leg:e.leg})));return[...t,...n]}function is(e){let t=e.truncated_tokens>0?`, cut by ${N(e.truncated_tokens,`token`)}`:``,n=e.reason===``?``:`: ${e.reason}`;return b`<p class="quiet">${e.kept?`Kept`:`Left out`}${n}${t}</p>`}function as({tools:e,tool_k:t}){return e.length===0?C:b`<section aria-labelledby="tools">
    <h2 id="tools">Tools by rank <span>at most ${M(t)} on offer</span></h2>
    <ol class="rows">
      ${e.map(e=>os(e))}
    </ol>
  </section>`}function os(e){return b`<li>
    <div class="pair"><code>${e.name}</code><span>${e.chosen?`offered`:`not offered`}</span></div>
    <p class="quiet">
      relevance ${e.relevance.toFixed(2)}, succeeds in ${Math.round(100*e.success_rate)} %${e.reason===``?``:`; ${e.reason}`}
    </p>
  </li>`}customElements.define(`soma-receipt-items`,ts);var ss=[`system_policy`,`history`,`memory`,`tools`,`tool_results`,`buffer`],cs={system_policy:0,history:0,memory:0,tools:0,tool_results:0,buffer:0};function ls(e){return e.legs.filter(e=>e.lanes_used!==void 0)}function us(e,t){let n=(t===void 0?e.lanes_planned:t.lanes_used??e.lanes_used)??cs,r=ss.reduce((e,t)=>e+n[t],0),i=e.items.filter(e=>e.lane===`user_message`&&e.kept).reduce((e,t)=>e+t.tokens,0),a=t===void 0?0:Math.max(0,(t.usage?.input_tokens??0)-r-i),o=t===void 0?e.max_output_tokens??0:t.usage?.output_tokens??0,{window_tokens:s=0}=e,c=s===0?0:s-r-i-a-o;return{lanes:n,sum:r,message:i,framing:a,answer:o,free:Math.max(0,c),window:s}}function ds(e){return[...ss.map(t=>({name:P(t),kind:t,tokens:e.lanes[t]})),{name:`message`,kind:`message`,tokens:e.message},{name:`framing`,kind:`framing`,tokens:e.framing},{name:`answer`,kind:`answer`,tokens:e.answer},{name:`free`,kind:`free`,tokens:e.free}]}var fs=class extends V{static properties={receipt:{attribute:!1},place:{state:!0}};static styles=[O,k,$,o`
      .lane {
        display: grid;
        grid-template-columns: 96px minmax(0, 1fr) auto;
        align-items: center;
        gap: var(--s2);
        min-height: 24px;
      }
      .lane.sum {
        border-top: 1px solid var(--hairline);
      }
      .lane .number {
        min-width: 92px;
      }
      .plan {
        fill: none;
        stroke: var(--lane);
        stroke-width: 1;
      }
      .use {
        fill: var(--lane);
      }
      .whole rect {
        fill: var(--lane);
        stroke: var(--ground);
        stroke-width: 0.5;
      }
      .whole rect.free {
        fill: var(--pressed);
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
      .message,
      .framing,
      .answer {
        --lane: var(--ink-soft);
      }
      .answer {
        --lane: var(--ink);
      }
      figure {
        display: grid;
        grid-template-columns: 64px minmax(0, 1fr);
        align-items: center;
        gap: var(--s2);
        min-height: 24px;
      }
      .calls {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s1);
        margin-bottom: var(--s1);
      }
      .calls button {
        min-height: 26px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      .calls button[aria-pressed="true"] {
        border-color: var(--accent);
        background: var(--accent-soft);
      }
    `];constructor(){super(),this.place=0}willUpdate(e){e.has(`receipt`)&&(this.place=0)}render(){let e=ls(this.receipt),t=e[this.place]??this.receipt.legs[0],n=us(this.receipt,void 0),r=t===void 0?void 0:us(this.receipt,t),i=Math.max(1,...ss.flatMap(e=>[n.lanes[e],r?.lanes[e]??0]));return b`<section aria-labelledby="lanes">
      <h2 id="lanes">Lanes <span>used / planned tokens</span></h2>
      ${e.length>1?this.#e(e):C}
      ${ps(`Planned`,n)} ${r===void 0?C:ps(`Used`,r)}
      <ul>
        ${ss.map(e=>hs(e,r?.lanes[e],n.lanes[e],i))} ${gs(r,n)}
      </ul>
    </section>`}#e(e){return b`<div class="calls" role="group" aria-label="Model call">
      ${e.map((e,t)=>b`<button type="button" aria-pressed=${t===this.place} @click=${()=>this.place=t}>Call ${e.leg}</button>`)}
    </div>`}};function ps(e,t){let n=ds(t),r=n.reduce((e,t)=>e+t.tokens,0),i=n.filter(e=>e.tokens>0).map(e=>`${e.name} ${M(e.tokens)}`),a=0;return b`<figure class="whole">
    <figcaption class="quiet">${e}</figcaption>
    <svg class="bar" height="14" role="img" aria-label=${`${e}: ${i.join(`, `)}; ${N(r,`token`)} together`}>
      ${n.map(e=>{let t=a;return a+=e.tokens,e.tokens===0?C:ms(e,t,r)})}
    </svg>
  </figure>`}function ms(e,t,n){return x`<rect class=${e.kind} x=${vs(t,n)} width=${vs(e.tokens,n)} height="14"><title>${e.name}: ${M(e.tokens)}</title></rect>`}function hs(e,t,n,r){return b`<li class=${`lane ${e}`}>
    <span>${P(e)}</span>
    <svg class="bar" height="12" aria-hidden="true">
      ${(t??0)>0?x`<rect class="use" y="0.5" width=${vs(t??0,r)} height="11" rx="2"></rect>`:``}
      ${n>0?x`<rect class="plan" x="0.5" y="0.5" width=${vs(n,r)} height="11" rx="2"></rect>`:``}
    </svg>
    <span class="number">${n===0&&!t?b`<span class="quiet">none</span>`:_s(t,n)}</span>
  </li>`}function gs(e,t){let n=[[`All lanes`,e?.sum,t.sum],[`Message`,e?.message,t.message],[`Framing`,e?.framing,void 0],[`Answer`,e?.answer,t.answer],[`Free`,e?.free,t.free],[`Window`,e?.window,t.window]];return(t.window===0?n.slice(0,4):n).map(([e,t,n])=>b`<li class="lane sum"><span>${e}</span><span></span><span class="number">${_s(t,n)}</span></li>`)}function _s(e,t){return`${e===void 0?`–`:M(e)} / ${t===void 0?`–`:M(t)}`}function vs(e,t){return`${(100*e/Math.max(1,t)).toFixed(2)}%`}customElements.define(`soma-receipt-lanes`,fs);function ys(e){return Uint8Array.from(atob(e),e=>e.charCodeAt(0))}function bs(e){return new TextDecoder().decode(ys(e))}function xs(e){return[...ys(e)].map(e=>e.toString(16).padStart(2,`0`)).join(``)}var Ss=class extends V{static properties={receipt:{attribute:!1}};static styles=[O,k,A,$,o`
      .foot {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 0 var(--s2);
      }
      .foot button {
        min-height: 28px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      soma-code {
        max-width: 100%;
        margin-top: var(--s2);
      }
    `];watched(){return[this.store.receipts.prompt]}render(){let{legs:e}=this.receipt,{value:t}=this.store.receipts.prompt;return b`<section aria-labelledby="legs">
      <h2 id="legs">Model calls</h2>
      ${e.length===0?b`<p class="quiet">${this.receipt.settle_time===void 0?`The turn is not settled yet.`:`No model was called.`}</p>`:b`<ol class="rows">
            ${e.map((n,r)=>this.#e(n,e[r-1],t?.leg===n.leg?t:void 0))}
          </ol>`}
    </section>`}#e(e,t,n){return b`<li>
      <div class="pair"><span>${e.leg}. ${e.model}</span><span>${ht(e.cost_micros)}</span></div>
      <p class="quiet">${ws(t)}${Cs(e)}ended with ${P(e.finish_reason)}</p>
      ${Ts(e)}
      <div class="foot">
        ${e.request_sha256?b`<span class="quiet tiny" title=${xs(e.request_sha256)}>sent as <code>${xs(e.request_sha256).slice(0,12)}…</code></span>`:b`<span></span>`}
        <button class="plain" type="button" aria-expanded=${n!==void 0} @click=${()=>void this.store.receipts.rebuild(e.leg)}>
          ${n===void 0?`Show`:`Hide`} the prompt<span class="unseen"> of call ${e.leg}</span>
        </button>
      </div>
      ${n===void 0?C:Ds(n)}
    </li>`}};function Cs({usage:e}){if(e===void 0)return``;let t=e.cached_input_tokens>0?` (${M(e.cached_input_tokens)} from the provider's cache)`:``;return`${M(e.input_tokens)} in${t}, ${M(e.output_tokens)} out${e.estimated?`, counted here`:``}; `}function ws(e){return e?.finish_reason===`tool_calls`?`After the tools: `:e?.finish_reason===`error`?(e.usage?.output_tokens??0)>0?`Went on where ${e.model} broke off: `:`In the place of ${e.model}: `:``}function Ts({parameters:e}){let t=Object.entries(e??{}).map(([e,t])=>`${P(e)} ${Es(t)}`);return t.length===0?C:b`<p class="quiet excerpt">${t.join(`, `)}</p>`}function Es(e){return typeof e==`number`?pt(e):typeof e==`object`?JSON.stringify(e):String(e)}function Ds({rebuilt:e,problem:t}){return t===void 0?e===void 0?b`<p class="quiet" role="status">The prompt is being made again.</p>`:b`<p class=${e.exact?`notice`:`notice warn`} role="status">${Os(e)}</p>
    ${e.missing.map(e=>b`<p class="quiet">${e}</p>`)}
    ${e.body===``?C:b`<soma-code .text=${vo(bs(e.body))} .language=${`json`}></soma-code>`}`:b`<p class="problem" role="alert">${t.message}</p>`}function Os({exact:e,body:t}){return e?`Byte for byte what was sent, by the digest in the receipt; shown here with line breaks.`:t===``?`What was sent cannot be made again.`:`Not quite what was sent: something is missing or has changed since.`}customElements.define(`soma-receipt-legs`,Ss);var ks=[.4,.3,.3],As={response:.5,tools:.2,tokens:.3},js=.2,Ms=o`
  table {
    width: 100%;
    margin-bottom: var(--s3);
    border-collapse: collapse;
  }
  th,
  td {
    padding: var(--s1) 0;
    border-top: 1px solid var(--hairline);
    font-weight: 400;
    text-align: right;
  }
  th:first-child {
    text-align: left;
  }
  caption {
    padding-bottom: var(--s1);
    text-align: left;
  }
  caption strong {
    float: right;
  }
  table + p {
    margin: calc(-1 * var(--s2)) 0 var(--s3);
  }
  thead th {
    border: 0;
    color: var(--ink-soft);
    font-size: var(--size-tiny);
  }
`;function Ns(e){let{aiq_predicted:t,aiq_observed:n}=e;return t===void 0&&n===void 0?C:b`<section aria-labelledby="aiq">
    <h2 id="aiq">Intelligence quotient of the turn <span>of 100</span></h2>
    ${t===void 0?C:Ps(`Predicted`,t.value,Is(t,e))}
    ${t===void 0||t.tool_relevance!==void 0?C:b`<p class="quiet">${Rs(e)}</p>`}
    ${n===void 0?b`<p class="quiet">It is observed when the turn is settled.</p>`:Ps(`Observed`,n.value,Ls(n))}
    ${n===void 0||e.outcome?.confidence!==void 0?C:b`<p class="quiet">The provider told no confidence, so it moves nothing.</p>`}
  </section>`}function Ps(e,t,n){let r=n.filter(e=>e.value!==void 0).reduce((e,t)=>e+t.weight,0)||1;return b`<table>
    <caption>${e} <strong>${t.toFixed(0)}</strong></caption>
    <thead>
      <tr><th scope="col">component</th><th scope="col">value</th><th scope="col">weight</th><th scope="col">gives</th></tr>
    </thead>
    <tbody>
      ${n.map(e=>Fs(e,r))}
    </tbody>
  </table>`}function Fs({name:e,value:t,weight:n},r){if(t===void 0)return b`<tr><th scope="row">${e}</th><td>left out</td><td>–</td><td>–</td></tr>`;let i=n/r;return b`<tr>
    <th scope="row">${e}</th>
    <td>${t.toFixed(0)}</td>
    <td>${i.toFixed(2)}</td>
    <td>${(i*t).toFixed(1)}</td>
  </tr>`}function Is(e,t){let[n,r,i]=t.snapshot?.rules?.weights??ks;return[{name:`context`,value:e.context_quality,weight:n},{name:`tools`,value:e.tool_relevance,weight:r},{name:`budget`,value:e.budget_efficiency,weight:i}]}function Ls(e){return[{name:`response`,value:e.response_quality,weight:As.response},{name:`tools`,value:e.tool_success,weight:As.tools},{name:`tokens`,value:e.token_efficiency,weight:As.tokens}]}function Rs(e){let t=`the other weights take the place of this one.`,n=e.snapshot?.rules?.tool_relevance_floor??js;return e.features_off.includes(`tools`)?`Tools are switched off: ${t}`:e.tools.length===0?`The agent has no tools that this turn could have used: ${t}`:e.tools.every(e=>e.relevance<n)?`No tool fits the question, all are below a relevance of ${n.toFixed(2)}: ${t}`:`No tool could be on offer in this turn: ${t}`}var zs=o`
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
`;function Bs(e){if(e.length===0)return``;let t=[...e].sort((e,t)=>e.start_milliseconds-t.start_milliseconds),n=Math.max(...e.map(e=>e.start_milliseconds+e.duration_milliseconds));return b`<section aria-labelledby="time">
    <h2 id="time">Time <span>${vt(n)} from start to end</span></h2>
    <ol>
      ${t.map(e=>Vs(e,n))}
    </ol>
  </section>`}function Vs(e,t){let n=100*e.start_milliseconds/t,r=Math.max(.6,100*e.duration_milliseconds/t);return b`<li class="phase" title=${`begins after ${vt(e.start_milliseconds)}`}>
    <span>${P(e.phase)}</span>
    <svg class="bar" height="10" aria-hidden="true">
      <rect class="track" y="4" width="100%" height="2"></rect>
      <rect class="took" x=${`${Math.min(n,99.4).toFixed(2)}%`} width=${`${r.toFixed(2)}%`} height="10" rx="2"></rect>
    </svg>
    <span class="number">${vt(e.duration_milliseconds)}</span>
  </li>`}var Hs=class extends V{static properties={copied:{state:!0}};static styles=[O,k,A,$,o`
      :host {
        margin-bottom: var(--s3);
      }
      .way {
        display: flex;
        align-items: center;
        gap: var(--s1);
      }
      .way p {
        flex: 1;
      }
      .way button.icon {
        width: 28px;
        min-height: 28px;
      }
      .way .copy {
        min-height: 28px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      summary {
        width: fit-content;
        min-height: 24px;
        color: var(--accent);
        cursor: pointer;
      }
      [role="listbox"] {
        position: relative;
        max-height: 216px;
        margin: var(--s1) 0;
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
        overflow-y: auto;
      }
      [role="option"] {
        display: flex;
        justify-content: space-between;
        gap: var(--s2);
        min-height: 28px;
        padding: var(--s1) var(--s2);
        cursor: pointer;
      }
      [role="option"] + [role="option"] {
        border-top: 1px solid var(--hairline);
      }
      [role="option"][aria-selected="true"] {
        background: var(--accent-soft);
        box-shadow: inset 2px 0 var(--accent);
      }
      select {
        width: 100%;
        margin-top: var(--s1);
        font-size: var(--size-small);
      }
    `];constructor(){super(),this.copied=!1}watched(){let{receipts:e}=this.store;return[e.shown,e.others.rows,e.others.problem,e.compared]}updated(){let e=this.renderRoot.querySelector(`[aria-selected="true"]`),t=e?.parentElement;if(e!==null&&t){let{offsetTop:n,offsetHeight:r}=e;t.scrollTop=Math.min(n,Math.max(t.scrollTop,n+r-t.clientHeight))}}render(){let{rows:e,problem:t,hasMore:n}=this.store.receipts.others,r=e.value??[];return b`
      <div class="way">
        ${this.#e(1,`left`,`Older receipt`)}
        <p class="quiet" role="status">${this.#t(r,n)}</p>
        ${this.#e(-1,`right`,`Newer receipt`)}
        <button class="plain copy" type="button" @click=${()=>void this.#o()}>
          ${D(this.copied?`done`:`copy`)} ${this.copied?`Copied`:`Copy as JSON`}
        </button>
      </div>
      ${t.value===void 0?C:b`<p class="problem" role="alert">${t.value.message}</p>`}
      ${r.length<2?C:b`${this.#n(r,n)} ${this.#r(r)}`}
    `}#e(e,t,n){let r=this.store.receipts.beside(e);return b`<button
      class="plain icon"
      type="button"
      aria-label=${n}
      title=${n}
      ?disabled=${r===void 0}
      @click=${()=>this.#i(r)}
    >
      ${D(t)}
    </button>`}#t(e,t){let{value:n}=this.store.receipts.shown,r=e.findIndex(e=>e.receipt_id===n?.receipt_id);return r<0?n?.plan_time===void 0?``:L(n.plan_time):e.length===1&&!t?`The only one of this conversation`:`${M(e.length-r)} of ${M(e.length)}${t?` of the last`:``}`}#n(e,t){let{value:n}=this.store.receipts.shown,r=e.findIndex(e=>e.receipt_id===n?.receipt_id);return b`<details>
      <summary>Receipts of this conversation</summary>
      <div
        role="listbox"
        tabindex="0"
        aria-label="Receipts of this conversation, the newest first"
        aria-activedescendant=${r<0?C:`receipt-${r}`}
        @keydown=${t=>this.#a(t,e,r)}
      >
        ${e.map((e,t)=>b`<div id=${`receipt-${t}`} role="option" aria-selected=${t===r} @click=${()=>this.#i(e)}>
            <span class="cut">${L(e.plan_time)} · ${I(e.level)}</span>
            <span class="quiet">${Us(e)}</span>
          </div>`)}
      </div>
      ${t?b`<button class="plain" type="button" @click=${()=>void this.store.receipts.others.more()}>Show older</button>`:C}
    </details>`}#r(e){let{receipts:t}=this.store,n=e.filter(e=>e.receipt_id!==t.shown.value?.receipt_id),r=t.compared.value?.with??``;return b`<select aria-label="Compare with" @change=${e=>void t.compare(e.target.value)}>
      <option value="" ?selected=${r===``}>Compare with …</option>
      ${n.map(e=>b`<option value=${e.receipt_id} ?selected=${e.receipt_id===r}>
          ${L(e.plan_time)}, ${I(e.level)}, ${Us(e)}
        </option>`)}
    </select>`}#i(e){e!==void 0&&this.store.receipts.show(e.receipt_id)}#a(e,t,n){let r={ArrowDown:n+1,ArrowUp:n-1,Home:0,End:t.length-1}[e.key];r!==void 0&&(e.preventDefault(),this.#i(t[r]))}async#o(){this.copied=await Za(JSON.stringify(this.store.receipts.shown.value,null,2)),this.store.layout.announce(this.copied?`Copied.`:`The browser did not allow copying.`),setTimeout(()=>this.copied=!1,2e3)}};function Us(e){return e.settle_time===void 0?`not settled`:`${M(e.tokens)} tokens, ${ht(e.cost_micros)}`}customElements.define(`soma-receipt-walk`,Hs);var Ws=class extends V{static styles=[O,k,A,$,Ms,zs,o`
      soma-receipt-lanes,
      soma-receipt-items,
      soma-receipt-legs {
        margin-top: var(--s5);
      }
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
    `];watched(){let{receipts:e,thread:t}=this.store;return[e.shown,e.problem,e.wanted,e.compared,t.entries]}willUpdate(){let{receipts:e,thread:t}=this.store,n=t.entries.value.findLast(e=>e.receiptId!==``&&!e.running);e.wanted.value===``&&n!==void 0&&e.show(n.receiptId)}render(){let{shown:e,problem:t,wanted:n}=this.store.receipts;return t.value===void 0?e.value===void 0?n.value===``?b`<p class="quiet">The line under an answer opens its receipt: what the turn was allowed, what it used, and why.</p>`:b`<p class="quiet" role="status">The receipt is being read.</p>`:this.#e(e.value):b`<p class="problem" role="alert">${t.value.message}</p>`}#e(e){let{value:t}=this.store.receipts.compared;return b`
      <soma-receipt-walk .store=${this.store}></soma-receipt-walk>
      ${Ks(e)} ${Gs(e)}
      ${t===void 0?C:qo(t)}
      <soma-receipt-lanes .store=${this.store} .receipt=${e}></soma-receipt-lanes>
      ${Bs(e.phases??[])}
      <soma-receipt-items .store=${this.store} .receipt=${e}></soma-receipt-items>
      ${Js(e)}
      <soma-receipt-legs .store=${this.store} .receipt=${e}></soma-receipt-legs>
      ${Ns(e)} ${Uo(e.dependencies)} ${this.#t(e)}
    `}#t(e){let{usage:t,outcome:n}=e,r=b`<button class="link" type="button" @click=${()=>this.store.layout.openDrawer(`level`)}>version ${e.plan_version}</button>`;return b`<section aria-labelledby="facts">
      <h2 id="facts">Facts</h2>
      <dl>${[[`Model`,e.model],[`Input`,t===void 0?`–`:N(t.input_tokens,`token`)],[`Output`,t===void 0?`–`:N(t.output_tokens,`token`)],[`Ended with`,n===void 0?`not settled yet`:P(n.error_reason||n.finish_reason)],[`Rated`,e.feedback===void 0?`by nobody`:e.feedback?`good`:`bad`],[`Switched off`,e.features_off.length===0?`nothing`:e.features_off.map(e=>P(e)).join(`, `)],[`Plan`,yt(e.path,`PLAN_PATH_`)],[`Configuration`,r],[`Planned`,e.plan_time===void 0?`–`:L(e.plan_time)],[`Settled`,e.settle_time===void 0?`not yet`:L(e.settle_time)],...e.policy_decisions.map(e=>[`Policy decision`,b`<code>${e}</code>`]),[`Receipt`,b`<code>${e.receipt_id}</code>`],[`Turn`,b`<code>${e.turn_id}</code>`]].map(([e,t])=>b`<dt>${e}</dt><dd>${t}</dd>`)}</dl>
    </section>`}};function Gs(e){let{level_reasons:t}=e;return t.length===0?b`<p class="notice">Level ${I(e.level)}: nothing demanded less.</p>`:t.map(e=>b`<p class=${I(e.level)===`L0`?`notice`:`notice warn`}>
      <strong>${I(e.level)}</strong> ${e.sentence} <span class="quiet">(${e.source})</span>
    </p>`)}function Ks(e){let t=e.phases.find(e=>e.phase===`first_token`),n=t===void 0?`–`:vt(t.start_milliseconds+t.duration_milliseconds);return b`<dl class="figures">
    ${[[`Level`,I(e.level)],[`Tokens`,e.usage===void 0?`–`:M(qs(e.usage))],[`Cost`,e.settle_time===void 0?`–`:ht(e.cost_micros)],[`First token`,n]].map(([e,t])=>b`<div><dt>${e}</dt><dd>${t}</dd></div>`)}
  </dl>`}function qs(e){return e.input_tokens+e.output_tokens}function Js(e){let{modulation:t}=e;if(t===void 0)return C;let n=t.effects.filter(e=>!e.switched_off&&e.before!==e.after),r=t.neutral?`The state was not asked: the usual settings were used.`:`Its state changed nothing.`;return b`<section aria-labelledby="state">
    <h2 id="state">What its state changed</h2>
    ${n.length===0?b`<p class="quiet">${r}</p>`:b`<ul class="rows">
          ${n.map(e=>b`<li>${e.sentence}</li>`)}
        </ul>`}
  </section>`}customElements.define(`soma-receipt`,Ws);var Ys={dopamine:`reward and drive`,serotonin:`calm and patience`,noradrenaline:`urgency`,acetylcholine:`attention to what is new`},Xs=o`
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
`;function Zs(e,t,n){let{name:r,value:i,baseline:a,minimum:o,maximum:s}=e,c=e=>100*(e-o)/(s-o),[l,u]=[Math.min(c(i),c(a)),Math.max(c(i),c(a))],d=t.filter(e=>e.sentence.toLowerCase().includes(r));return b`<div class="gauge">
    <div class="pair">
      <h2>${F(r)} <small class="quiet">${Ys[r]??``}</small></h2>
      <strong>${i.toFixed(3)}</strong>
    </div>
    <svg class="bar scale" height="16" role="img" aria-label=${`${i.toFixed(3)}, baseline ${a}, from ${o} to ${s}`}>
      <rect class="track" y="6" width="100%" height="4" rx="2"></rect>
      <rect class="away" x=${`${l}%`} y="6" width=${`${u-l}%`} height="4"></rect>
      <line class="rest" x1=${`${c(a)}%`} x2=${`${c(a)}%`} y1="1" y2="15"></line>
      <circle class="value" cx=${`${c(i)}%`} cy="8" r="6"></circle>
    </svg>
    <div class="ends"><span>${o}</span>${Qs(n,o,s)}<span>${s}</span></div>
    <ul>
      ${d.map(e=>b`<li class=${e.before===e.after||e.switched_off?``:`moved`}>
          ${e.sentence}${e.switched_off?` Switched off.`:``}
        </li>`)}
    </ul>
  </div>`}function Qs(e,t,n){if(e.length<2)return C;let r=e.map((r,i)=>{let a=72*i/(e.length-1),o=15-14*(r-t)/(n-t);return`${a.toFixed(1)},${o.toFixed(1)}`});return b`<svg class="history" width="72" height="16" role="img" aria-label=${`History of ${e.length-1} changes`}>
    ${x`<polyline points=${r.join(` `)} fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round"></polyline>`}
  </svg>`}var $s=5e3,ec=class extends V{static styles=[O,k,A,$,Xs,o`
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
    `];#e;watched(){let{mind:e,thread:t}=this.store;return[e.state,e.changes,e.problem,t.conversationId]}connectedCallback(){super.connectedCallback(),this.#t(),this.#e=setInterval(()=>{document.hidden||this.#t()},$s)}disconnectedCallback(){super.disconnectedCallback(),clearInterval(this.#e)}#t(){return this.store.mind.load(this.store.thread.agentId)}render(){let{mind:e}=this.store,{value:t}=e.state,n=e.problem.value===void 0?C:b`<p class="problem" role="alert">${e.problem.value.message}</p>`;return t===void 0?n:b`
      ${n}
      <section aria-label="State">${t.states.map(n=>Zs(n,t.effects,e.history(n.name)))}</section>
      <section aria-labelledby="moved">
        <h2 id="moved">What moved this <span>state ${t.state_version}</span></h2>
        ${this.#n()}
      </section>
    `}#n(){let{mind:e}=this.store;return e.changes.value.length===0?b`<p class="quiet">Nothing yet: every value is at its baseline. A turn moves them.</p>`:b`<ul class="rows">
        ${e.changes.value.map(e=>this.#r(e))}
      </ul>
      ${e.hasMore?b`<button class="plain more" type="button" @click=${()=>void e.loadMore()}>Show older</button>`:C}`}#r(e){let t=new Date(e.time);return b`<li>
      <div class="pair">
        <span>${F(e.name)} ${e.before.toFixed(3)} → ${e.after.toFixed(3)}</span>
        <time datetime=${e.time} title=${xt(e.time)}>${bt(t)}</time>
      </div>
      <div class="pair">
        <span class="quiet">${F(e.cause)}</span>
        ${e.turn_id===``?C:b`<button class="link" type="button" @click=${()=>this.store.showReceipt(e.turn_id)}>
              its turn<span class="unseen"> of ${bt(t)}: ${e.cause}</span>
            </button>`}
      </div>
    </li>`}};customElements.define(`soma-mind`,ec);var tc=class extends V{static properties={memory:{attribute:!1},how:{attribute:!1},refused:{state:!0},busy:{state:!0}};static styles=[O,k,A,$,o`
      form {
        display: grid;
        gap: var(--s2);
        margin: var(--s2) 0;
      }
      textarea {
        min-height: 72px;
        resize: vertical;
      }
      label {
        display: grid;
        gap: var(--s1);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      .acts {
        display: flex;
        justify-content: flex-end;
        gap: var(--s2);
      }
    `];constructor(){super(),this.refused=``,this.busy=!1}firstUpdated(){this.renderRoot.querySelector(`textarea`)?.focus()}render(){let{memory:e,how:t}=this;return b`<form @submit=${e=>void this.#e(e)} @keydown=${e=>this.#n(e)}>
      <label>
        ${t===`edit`?`What it says`:`What is true instead; the old one is kept as superseded`}
        <textarea name="text" required maxlength="8000" .value=${e.text}></textarea>
      </label>
      ${t===`edit`?b`<label>
              How much it matters, 0 to 1
              <input name="importance" type="number" min="0" max="1" step="0.05" required .value=${String(Math.round(e.importance*100)/100)} />
            </label>
            <label>Labels, with commas between<input name="tags" maxlength="1000" .value=${e.tags.join(`, `)} /></label>`:C}
      ${this.refused===``?C:b`<p class="problem" role="alert">${this.refused}</p>`}
      <div class="acts">
        <button class="plain" type="button" @click=${()=>this.#r()}>Cancel</button>
        <button class="main" type="submit" ?disabled=${this.busy}>${t===`edit`?`Save`:`Correct it`}</button>
      </div>
    </form>`}async#e(e){e.preventDefault();let t=new FormData(e.target),n=String(t.get(`text`)).trim();this.busy=!0;try{this.how===`correct`?await this.store.memories.correct(this.memory,n):await this.#t(n,Number(t.get(`importance`)),nc(String(t.get(`tags`)))),this.#r(),this.store.layout.announce(this.store.memories.report.value)}catch(e){this.refused=j(e).message}finally{this.busy=!1}}async#t(e,t,n){let{memory:r}=this,i={...e===r.text?{}:{text:e},...Math.abs(t-r.importance)<.005?{}:{importance:t},...n.join(`
`)===r.tags.join(`
`)?{}:{tags:n}};Object.keys(i).length>0&&await this.store.memories.change(r,i)}#n(e){e.key===`Escape`&&(e.stopPropagation(),this.#r())}#r(){this.dispatchEvent(new CustomEvent(`done`))}};function nc(e){return e.split(`,`).map(e=>e.trim()).filter(e=>e!==``)}customElements.define(`soma-memory-change`,tc);var rc=class extends V{static properties={memory:{attribute:!1},found:{state:!0},problem:{state:!0}};static styles=[O,k,A,$,o`
      h2 {
        margin: var(--s3) 0 var(--s1);
        font-size: var(--size-tiny);
      }
      ol {
        margin: 0;
        padding: 0 0 0 var(--s3);
        border-left: 1px solid var(--hairline);
        list-style: none;
      }
      li {
        padding: var(--s1) 0;
      }
      button.link {
        text-align: left;
        overflow-wrap: anywhere;
      }
    `];#e=``;constructor(){super(),this.found=void 0,this.problem=``}updated(){let e=`${this.memory.memory_id} ${this.memory.etag}`;this.#e!==e&&(this.#e=e,this.#t(this.memory.memory_id))}async#t(e){try{this.found=await this.store.memories.lineage(e),this.problem=``}catch(e){this.problem=j(e).message}}render(){if(this.problem!==``)return b`<p class="problem" role="alert">${this.problem}</p>`;if(this.found===void 0)return b`<p class="quiet">Reading where it comes from…</p>`;let{memory:e,versions:t=[],superseded:n=[],superseded_by:r=[],sources:i=[],descendants:a=[]}=this.found,o=t.filter(t=>t.version!==e.version),s=[[`Replaced by`,r,!0],[`Replaced`,n,!0],[`Earlier versions`,o,!1],[`Made of`,i,!0],[`Made into`,a,!0]].filter(([,e])=>e.length>0);return s.length===0?b`<p class="quiet">It is as it was learned; nothing took its place.</p>`:s.map(([e,t,n])=>this.#n(e,t,n))}#n(e,t,n){return b`<h2>${e}</h2>
      <ol>
        ${t.map(e=>b`<li>
            ${n?b`<button class="link" type="button" @click=${()=>this.store.showMemory(e.memory_id)}>${e.text}</button>`:e.text}
            <span class="quiet tiny">${n?L(e.learn_time):`version ${e.version}`}</span>
            ${e.valid_to_time===void 0?C:b`<span class="quiet tiny">held until ${L(e.valid_to_time)}</span>`}
          </li>`)}
      </ol>`}};customElements.define(`soma-memory-lineage`,rc);var ic=class extends V{static properties={memory:{attribute:!1},hit:{attribute:!1},open:{state:!0},changing:{state:!0}};static styles=[O,k,A,$,o`
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
        flex-wrap: wrap;
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
    `];constructor(){super(),this.open=!1,this.changing=void 0}render(){let{memory:e,hit:t}=this,n=yt(e.source_class,`SOURCE_CLASS_`);return b`
      <p class=${this.open?`text`:`text cut`}>${e.text}</p>
      ${t===void 0?C:ac(t)}
      <div class="foot">
        <span class="quiet tiny">${[yt(e.kind,`MEMORY_KIND_`),n,...sc(e)].join(` · `)}</span>
        <button class="plain" type="button" aria-expanded=${this.open} @click=${()=>this.open=!this.open}>Details</button>
        <button class="plain" type="button" @click=${()=>void this.#i()}>Forget</button>
      </div>
      ${this.open?this.#e(e):C}
    `}#e(e){return b`
      ${this.changing===void 0?b`<div class="foot">
            <span></span>
            ${this.#t(`Edit`,()=>this.changing=`edit`)}
            ${e.superseded_by===``?this.#t(`Correct`,()=>this.changing=`correct`):C}
            ${this.#t(e.pinned?`Unpin`:`Pin`,()=>void this.#n())}
            ${e.conversation_id===``?C:this.#t(`To the message`,()=>this.#r())}
          </div>`:b`<soma-memory-change
            .store=${this.store}
            .memory=${e}
            .how=${this.changing}
            @done=${()=>this.changing=void 0}
          ></soma-memory-change>`}
      ${cc(e)}
      <soma-memory-lineage .store=${this.store} .memory=${e}></soma-memory-lineage>
    `}#t(e,t){return b`<button class="plain" type="button" @click=${t}>${e}</button>`}async#n(){try{await this.store.memories.change(this.memory,{pinned:!this.memory.pinned})}catch(e){this.store.memories.problem.value=j(e)}this.store.layout.announce(this.store.memories.report.value)}#r(){let{conversation_id:e,source_class:t,source_id:n}=this.memory;this.store.openChat(e,t===`SOURCE_CLASS_USER_SAID`?n:``),this.store.layout.narrow.value&&this.store.layout.closeDrawer()}async#i(){let{memory:e}=this,t=e.access_count===0?`It was never recalled`:`It was recalled ${N(e.access_count,`time`)}`;if(await Cr({title:`Forget this memory?`,text:`“${e.text.slice(0,160)}” will be deleted for good, with its vector and its words in the search. ${t}; answers that used it and their receipts stay as they are.`,act:`Forget it`})){try{await this.store.memories.forget(e)}catch(e){this.store.memories.problem.value=j(e)}this.store.layout.announce(this.store.memories.report.value)}}};function ac(e){let{vector:t,lexical:n,recency:r,importance:i,context:a,graph:o,time:s,speaker:c}=e.parts,l=[[`meaning`,t],[`words`,n],[`recency`,r],[`weight`,i],...oc(`around`,a),...oc(`links`,o),...oc(`time`,s),...oc(`name`,c)];return b`<div class="score" role="group" aria-label=${`Score ${e.score.toFixed(2)}`}>
    ${l.map(([e,t])=>b`<div>
        <span>${e}</span>
        <svg class="bar" height="4" aria-hidden="true">
          <rect class="track" width="100%" height="4" rx="2"></rect>
          <rect class="took" width=${`${100*Math.min(1,Math.max(0,t??0))}%`} height="4" rx="2"></rect>
        </svg>
        <span class="number">${t===void 0?`–`:t.toFixed(2)}</span>
      </div>`)}
  </div>`}function oc(e,t){return t===void 0?[]:[[e,t]]}function sc(e){let{expire_time:t,quarantined:n,superseded_by:r,retire_time:i,pinned:a}=e,o=t!==void 0&&new Date(t)<=new Date;return[[n,`hidden by a quarantine`],[r!==``,`superseded`],[i!==void 0&&r===``,`at rest`],[o,`expired`],[a,`pinned`]].filter(([e])=>e).map(([,e])=>e)}function cc(e){return b`<dl>
    ${[[`Learned`,L(e.learn_time)],[`Lives with`,e.namespace],[`About`,e.subject],[`Said by`,e.speaker],[`Trust`,e.trust.toFixed(2)],[`Importance`,e.importance.toFixed(2)],[`Recalled`,N(e.access_count,`time`)],[`Size`,N(e.token_count,`token`)],[`Labels`,e.tags.join(`, `)],[`Fact`,`${e.predicate} ${e.object}`.trim()],[`Holds from`,e.valid_from_time===void 0?``:L(e.valid_from_time)],[`Holds until`,e.valid_to_time===void 0?``:L(e.valid_to_time)],[`Expires`,e.expire_time===void 0?``:L(e.expire_time)],[`Out of recall since`,e.retire_time===void 0?``:L(e.retire_time)],[`Version`,String(e.version)],[`Id`,b`<a href=${`#memory=${e.memory_id}`}><code>${e.memory_id}</code></a>`]].filter(([,e])=>e!==``).map(([e,t])=>b`<dt>${e}</dt><dd>${t}</dd>`)}
  </dl>`}customElements.define(`soma-memory-card`,ic);var lc=150,uc=[[`MEMORY_KIND_EPISODIC`,`episodic`],[`MEMORY_KIND_SEMANTIC`,`semantic`],[`MEMORY_KIND_PROCEDURAL`,`procedural`]],dc=class extends V{static properties={refused:{state:!0}};static styles=[O,k,A,$,o`
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
      .quiet {
        margin-bottom: var(--s2);
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
    `];#e;constructor(){super(),this.refused=``}connectedCallback(){super.connectedCallback(),this.store.memories.search()}watched(){let{memories:e,thread:t}=this.store,{found:n,problem:r,filters:i,wanted:a,report:o,undo:s,query:c,newest:l,stats:u}=e;return[n,r,i,a,o,s,c,l.rows,l.problem,u,t.conversationId]}render(){let{memories:e}=this.store,{value:t}=e.wanted;return b`
      <div class="filter">
        ${D(`search`)}
        <input
          type="search"
          aria-label="Search memories"
          placeholder="Search what is remembered"
          .value=${e.query.value}
          @input=${e=>this.#u(e.target.value)}
        />
      </div>
      ${this.#t()}
      ${this.#i()}
      ${e.problem.value===void 0?C:b`<p class="problem" role="alert">${e.problem.value.message}</p>`}
      ${t===void 0?C:b`<soma-memory-card .store=${this.store} .memory=${t}></soma-memory-card>`}
      ${this.#n?this.#c():this.#o()} ${this.#l()}
    `}#t(){let{filters:e}=this.store.memories,{value:t}=e,n=this.store.thread.conversationId.value;return b`<div class="narrow">
      <select aria-label="Kind" @change=${e=>this.#d({kinds:fc(e)===``?[]:[fc(e)]})}>
        <option value="" ?selected=${t.kinds.length===0}>every kind</option>
        ${uc.map(([e,n])=>b`<option value=${e} ?selected=${t.kinds.includes(e)}>${n}</option>`)}
      </select>
      ${this.#n?this.#r(t.min_importance):C}
      <input
        aria-label="About whom"
        placeholder="about whom"
        maxlength="256"
        .value=${t.subject}
        @change=${e=>this.#d({subject:e.target.value.trim()})}
      />
      ${this.#n?C:b`<label>
            <input
              type="checkbox"
              .checked=${t.include_retired}
              @change=${e=>this.#d({include_retired:e.target.checked})}
            />
            also what rests
          </label>`}
      ${n===``?C:b`<label>
            <input
              type="checkbox"
              .checked=${t.conversation_id===n}
              @change=${e=>this.#d({conversation_id:e.target.checked?n:``})}
            />
            of this conversation
          </label>`}
    </div>`}get#n(){return this.store.memories.query.value.trim()!==``}#r(e){return b`<select aria-label="Importance" @change=${e=>this.#d({min_importance:Number(fc(e))})}>
      ${[0,.5,.7,.9].map(t=>b`<option value=${t} ?selected=${e===t}>${t===0?`any importance`:`importance ≥ ${t}`}</option>`)}
    </select>`}#i(){let{report:e,undo:t}=this.store.memories;if(e.value===``)return C;let{value:n}=t;return b`<p class="notice" role="status">
      ${e.value}
      ${n===void 0?C:b`<button class="link" type="button" @click=${()=>void this.#a(n)}>Undo</button>`}
    </p>`}async#a(e){try{await e()}catch(e){this.store.memories.problem.value=j(e)}this.store.layout.announce(this.store.memories.report.value)}#o(){let{newest:e,wanted:t}=this.store.memories;if(e.problem.value!==void 0)return b`<p class="problem" role="alert">${e.problem.value.message}</p>`;let{value:n}=e.rows,{value:r}=t;return b`
      <p class="quiet">Type what it is about: memories are found by meaning and by words. ${this.#s()}</p>
      ${n===void 0?b`<p class="quiet">Reading the newest…</p>`:C}
      ${n?.length===0?b`<p class="quiet">Nothing is remembered here yet. What you say of yourself in a conversation will be.</p>`:C}
      ${Yr((n??[]).filter(e=>e.memory_id!==r?.memory_id),e=>e.memory_id,e=>b`<soma-memory-card .store=${this.store} .memory=${e}></soma-memory-card>`)}
      ${e.hasMore?b`<button type="button" @click=${()=>void e.more()}>Show older</button>`:C}
    `}#s(){let{value:e}=this.store.memories.stats;if(e===void 0)return C;let t=t=>(e.namespaces??[]).reduce((e,n)=>e+Number(n[t]),0),n=this.store.mesh.isOperator&&t(`quarantined_count`)>0?`, ${M(t(`quarantined_count`))} hidden`:``;return b`${N(t(`memory_count`),`memory`,`memories`)} of ${N(t(`token_count`),`token`)},
    ${M(t(`resting_count`))} at rest${n}.${e.vector_index_up?``:` The index of meanings is away: words, links and times still find.`}`}#c(){let{value:e}=this.store.memories.found;return e===void 0?this.store.memories.problem.value===void 0?b`<p class="quiet">Searching…</p>`:C:b`
      ${e.degraded_reasons.map(e=>b`<p class="notice warn">${e}</p>`)}
      <p class="quiet" role="status">
        ${e.hits.length===0?`Nothing that is remembered fits.`:`${N(e.hits.length,`memory`,`memories`)}, the best first.`}
      </p>
      ${Yr(e.hits,e=>e.memory.memory_id,e=>b`<soma-memory-card .store=${this.store} .memory=${e.memory} .hit=${e}></soma-memory-card>`)}
    `}#l(){return b`<details>
      <summary>Keep something</summary>
      <form @submit=${e=>void this.#f(e)}>
        <textarea name="text" required maxlength="8000" aria-label="What to remember" placeholder="One thing, in one sentence"></textarea>
        <div>
          <select name="kind" aria-label="Kind of the new memory">
            ${uc.map(([e,t])=>b`<option value=${e} ?selected=${t===`semantic`}>${t}</option>`)}
          </select>
          <button class="main" type="submit">Keep it</button>
        </div>
        ${this.refused===``?C:b`<p class="problem" role="alert">${this.refused}</p>`}
      </form>
    </details>`}#u(e){this.store.memories.query.value=e,this.store.memories.wanted.value=void 0,this.store.memories.report.value=``,this.store.memories.undo.value=void 0,clearTimeout(this.#e),this.#e=setTimeout(()=>void this.store.memories.search(),lc)}#d(e){let{filters:t}=this.store.memories;t.value={...t.value,...e},this.store.memories.search()}async#f(e){e.preventDefault();let t=e.target,n=new FormData(t);try{await this.store.memories.add(String(n.get(`text`)),String(n.get(`kind`))),this.refused=``,t.reset(),this.store.layout.announce(this.store.memories.report.value)}catch(e){this.refused=j(e).message}}};function fc(e){return e.target.value}customElements.define(`soma-memory`,dc);var pc=[[`BUDGET_SCOPE_TENANT`,`everybody together`],[`BUDGET_SCOPE_USER`,`one user`],[`BUDGET_SCOPE_AGENT`,`one agent`],[`BUDGET_SCOPE_CONVERSATION`,`one conversation`]],mc=[[`BUDGET_PERIOD_TURN`,`turn`],[`BUDGET_PERIOD_DAY`,`day`],[`BUDGET_PERIOD_MONTH`,`month`],[`BUDGET_PERIOD_TOTAL`,`total`]];function hc(e){return xc(e.limit_tokens,e.used_tokens,e.held_tokens,e.debt_tokens)}function gc(e){return xc(e.limit_micros,e.used_micros,e.held_micros,e.debt_micros)}function _c(e){return mc.find(([t])=>t===e)?.[1]??e}function vc(e){return pc.some(([t])=>t===e.scope)?e.scope:`BUDGET_SCOPE_TENANT`}function yc(e){return`${vc(e)} ${e.scope_id} ${e.period}`}function bc(e){let t=e=>10*pc.findIndex(([t])=>t===vc(e))+mc.findIndex(([t])=>t===e.period);return[...e].sort((e,n)=>t(e)-t(n)||e.scope_id.localeCompare(n.scope_id))}function xc(e,t,n,r){let[i,a,o,s]=[Number(e),Number(t),Number(n),Number(r??0)];return{limit:i,used:a,held:o,debt:s,left:Math.max(0,i-a-o-s)}}var Sc=o`
  .budget {
    padding: var(--s3) 0;
    border-top: 1px solid var(--hairline);
  }
  .budget:last-child {
    border-bottom: 1px solid var(--hairline);
  }
  .budget h3 {
    overflow-wrap: anywhere;
  }
  .budget svg {
    margin: var(--s1) 0 2px;
  }
  .budget .used {
    fill: var(--accent);
  }
  .budget .held {
    fill: var(--accent-soft);
    stroke: var(--accent);
    stroke-width: 1;
  }
  .budget .debt {
    fill: var(--bad);
  }
  .budget .full .used {
    fill: var(--bad);
  }
`;function Cc(e,t){let n=e.period===`BUDGET_PERIOD_TURN`,r=[[hc(e),e=>N(e,`token`)],[gc(e),e=>gt(e)]];return b`<li class="budget">
    <div class="pair">
      <h3>${F(t)} · ${_c(e.period)}</h3>
      <span>${e.hard?`hard`:`soft`}</span>
    </div>
    ${r.filter(([e])=>e.limit>0).map(([e,t])=>n?wc(e,t):Tc(e,t))}
    <p class="quiet">${Dc(e)}</p>
  </li>`}function wc(e,t){return b`<p>At most ${t(e.limit)} for all model calls of a turn.</p>`}function Tc(e,t){let{limit:n,used:r,held:i,debt:a,left:o}=e,s=[`${t(r)} used`,`${t(i)} held`,a>0?`${t(a)} owed`:``].filter(e=>e!==``),c=Math.max(n,r+i+a);return b`<svg class=${o===0?`bar full`:`bar`} height="10" role="img" aria-label=${`${s.join(`, `)}, ${t(o)} left of ${t(n)}`}>
      <rect class="track" width="100%" height="10" rx="2"></rect>
      ${Ec(`used`,0,r,c)} ${Ec(`held`,r,i,c)} ${Ec(`debt`,r+i,a,c)}
    </svg>
    <p>${t(o)} left of ${t(n)}</p>
    <p class="quiet">${s.join(`, `)}</p>`}function Ec(e,t,n,r){let i=e=>`${(100*e/r).toFixed(2)}%`;return n>0?x`<rect class=${e} x=${i(t)} width=${i(n)} height="10"></rect>`:C}function Dc(e){return`${e.hard?`A turn that does not fit is refused.`:`It refuses nothing; it only lowers the level.`}${e.reset_time===void 0?``:` It starts anew ${L(e.reset_time)}.`}`}var Oc=1e6,kc=`BUDGET_SCOPE_TENANT`,Ac=`BUDGET_SCOPE_AGENT`,jc=class extends V{static properties={scope:{state:!0},refused:{state:!0}};static styles=[O,k,A,$,o`
      :host {
        margin-top: var(--s5);
      }
      summary {
        width: fit-content;
        min-height: 24px;
        color: var(--accent);
        cursor: pointer;
      }
      form {
        display: grid;
        gap: var(--s2);
        margin-top: var(--s2);
      }
      label {
        display: grid;
        gap: 2px;
        color: var(--ink-soft);
      }
      label.check {
        display: flex;
        align-items: center;
        gap: var(--s2);
        color: var(--ink);
      }
      label.check input {
        min-height: 0;
        accent-color: var(--accent);
      }
      input,
      select {
        min-width: 0;
        color: var(--ink);
      }
      .two {
        display: grid;
        grid-template-columns: 1fr 1fr;
        align-items: start;
        gap: var(--s2);
      }
      .wrong {
        color: var(--bad);
      }
      button.main {
        justify-self: end;
      }
    `];constructor(){super(),this.scope=kc,this.refused=void 0}render(){let e=this.refused!==void 0&&!this.refused.violations.some(({field:e})=>Mc.includes(e));return b`<details>
      <summary>Set a budget</summary>
      <form @submit=${e=>void this.#i(e)}>
        <div class="two">
          <label>
            Whose
            <select name="scope" @change=${e=>this.scope=e.target.value}>
              ${pc.map(([e,t])=>b`<option value=${e} ?selected=${e===this.scope}>${t}</option>`)}
            </select>
          </label>
          <label>
            How long
            <select name="period">
              ${mc.map(([e,t])=>b`<option value=${e} ?selected=${t===`day`}>${t}</option>`)}
            </select>
          </label>
        </div>
        ${this.scope===kc?C:this.#e()}
        <div class="two">${this.#t(`limit_tokens`,`Tokens, 0 for no limit`,`1`)} ${this.#t(`limit_micros`,`Dollars, 0 for no limit`,`any`)}</div>
        <label class="check"><input type="checkbox" name="hard" checked /> A turn that does not fit is refused</label>
        ${e?b`<p class="problem" role="alert">${this.refused?.message}</p>`:C}
        <button class="main" type="submit">Set it</button>
      </form>
    </details>`}#e(){let{mesh:e,thread:t}=this.store;return this.scope===Ac?b`<label>
        Which agent
        <select name="scope_id">
          <option value="">each that has none of its own</option>
          ${e.agents.value.map(e=>b`<option value=${e.agent_id}>${e.name}</option>`)}
        </select>
        ${this.#r(`scope_id`)}
      </label>`:b`<label>
      Which one, by its id; empty for each that has none of its own
      <input name="scope_id" maxlength="256" autocomplete="off" .value=${this.scope===`BUDGET_SCOPE_USER`?e.userId:t.conversationId.value} aria-invalid=${this.#n(`scope_id`)} />
      ${this.#r(`scope_id`)}
    </label>`}#t(e,t,n){return b`<label>
      ${t}
      <input type="number" name=${e} min="0" step=${n} value="0" required inputmode="decimal" aria-invalid=${this.#n(e)} />
      ${this.#r(e)}
    </label>`}#n(e){return this.refused?.violations.some(({field:t})=>t===e)??!1}#r(e){let t=this.refused?.violations.find(({field:t})=>t===e);return t===void 0?C:b`<span class="wrong" role="alert">${t.description}</span>`}async#i(e){e.preventDefault();let t=Nc(new FormData(e.target));if(this.refused=void 0,await Cr(this.#a(t)))try{await this.store.budgets.set(t),this.store.layout.announce(`The budget is set.`),await Promise.all([this.store.loadBudgets(),this.store.mesh.refresh()])}catch(e){this.refused=j(e)}}#a(e){let[t,n]=[Number(e.limit_tokens),Number(e.limit_micros)],r=pc.find(([t])=>t===e.scope)?.[1]??``,i=e.scope===kc?r:e.scope_id===``?r.replace(`one`,`each`):`${r}, ${this.#o(e)}`,a=[t>0?`${M(t)} tokens`:``,n>0?gt(n):``].filter(e=>e!==``).join(` and `),o=a===``?`There will be no limit any more.`:`It will be ${a}, ${e.hard?`and turns that do not fit are refused`:`and it only lowers the level`}. ${e.scope===kc?`What is used already counts`:`One that is new counts from now on`}.`;return{title:`Set the ${_c(e.period)} budget of ${i}?`,text:o,act:`Set it`,refrain:`Leave it`}}#o(e){return this.store.mesh.agents.value.find(t=>t.agent_id===e.scope_id)?.name??e.scope_id}},Mc=[`scope_id`,`limit_tokens`,`limit_micros`];function Nc(e){let t=t=>String(e.get(t)??``).trim();return{scope:t(`scope`),scope_id:t(`scope_id`),period:t(`period`),limit_tokens:t(`limit_tokens`)||`0`,limit_micros:String(Math.round(Oc*Number(t(`limit_micros`)||`0`))),hard:e.get(`hard`)!==null}}customElements.define(`soma-budget-form`,jc);var Pc=class extends V{static styles=[O,k,A,$,Sc];watched(){let{budgets:e,configuration:t,mesh:n,thread:r,chats:i}=this.store,a=[e.all.rows,e.all.problem,e.spent.rows,e.spent.problem];return[e.mine,e.problem,...a,t.now,n.roles,n.agents,r.conversationId,i.list]}#e=``;willUpdate(){let{mesh:e,thread:t,configuration:n}=this.store,r=`${t.conversationId.value} ${e.isOperator}`;r!==this.#e&&(this.#e=r,this.store.loadBudgets()),this.hasUpdated||n.loadNow()}render(){let{mesh:e}=this.store;return b`
      ${this.#t()} ${Fc(this.store.configuration.now.value?.version.config?.rates)} ${this.#i()}
      ${e.isOperator?this.#o():C}
      ${e.isAdmin?b`<soma-budget-form .store=${this.store}></soma-budget-form>`:b`<section><p class="quiet">An administrator can set budgets.</p></section>`}
    `}#t(){let{mine:e,problem:t}=this.store.budgets,n=e.value?.[0]?.open_holds??0;return b`<section aria-labelledby="mine">
      <h2 id="mine">What applies here <span>${n===0?``:N(n,`open hold`)}</span></h2>
      ${t.value===void 0?C:b`<p class="problem" role="alert">${t.value.message}</p>`}
      ${e.value===void 0?t.value===void 0?b`<p class="quiet" role="status">The budgets are being read.</p>`:C:this.#n(e.value,`No budget limits what you may spend.`)}
    </section>`}#n(e,t){return e.length===0?b`<p class="quiet">${t}</p>`:b`<ul>
          ${bc(e).map(e=>Cc(e,this.#r(e)))}
        </ul>`}#r(e){let{mesh:t,thread:n,chats:r}=this.store,i=e.scope_id;switch(vc(e)){case`BUDGET_SCOPE_USER`:return i===``?`each user`:i===t.userId?`you`:`user ${i}`;case`BUDGET_SCOPE_AGENT`:return i===``?`each agent`:`agent ${t.agents.value.find(e=>e.agent_id===i)?.name??i}`;case`BUDGET_SCOPE_CONVERSATION`:{let e=r.list.value?.find(e=>e.conversation_id===i),t=e===void 0?`conversation ${i}`:`“${r.nameOf(e)}”`;return i===``?`each conversation`:i===n.conversationId.value?`this conversation`:t}default:return`everybody together`}}#i(){let{rows:e,problem:t}=this.store.budgets.spent;return b`<section aria-labelledby="spent">
      <h2 id="spent">What the last turns cost</h2>
      ${t.value===void 0?C:b`<p class="problem" role="alert">${t.value.message}</p>`}
      ${e.value?.length===0?b`<p class="quiet">Nobody has asked anything yet.</p>`:C}
      <ol class="rows">
        ${(e.value??[]).map(e=>this.#a(e))}
      </ol>
    </section>`}#a(e){return b`<li class="pair">
      <button class="link" type="button" @click=${()=>this.store.showReceipt(e.receipt_id)}>
        ${L(e.plan_time)}${e.owner_sub===this.store.mesh.userId?``:` by ${e.owner_sub}`}<span class="unseen">: open its receipt</span>
      </button>
      <span>${e.settle_time===void 0?`not settled`:`${M(e.tokens)} tokens, ${ht(e.cost_micros)}`}</span>
    </li>`}#o(){let{all:e,mine:t}=this.store.budgets,n=new Set((t.value??[]).map(e=>yc(e))),r=e.rows.value?.filter(e=>!n.has(yc(e)));return b`<section aria-labelledby="others">
      <h2 id="others">Other budgets</h2>
      ${e.problem.value===void 0?C:b`<p class="problem" role="alert">${e.problem.value.message}</p>`}
      ${r===void 0?C:this.#n(r,`Nothing is limited for anybody else.`)}
      ${e.hasMore?b`<button class="plain" type="button" @click=${()=>void e.more()}>Show more</button>`:C}
    </section>`}};function Fc(e){if(e===void 0)return C;let t=[[`Model calls a minute`,e.tenant_calls_per_minute,e.user_calls_per_minute],[`Tokens a minute`,e.tenant_tokens_per_minute,e.user_tokens_per_minute],[`Turns at once`,e.tenant_concurrent_turns,e.user_concurrent_turns]].filter(([,e,t])=>Number(e)>0||Number(t)>0),n=e=>Number(e)===0?`no limit`:M(e);return b`<section aria-labelledby="rates">
    <h2 id="rates">How fast</h2>
    ${t.length===0?b`<p class="quiet">Nothing limits how many calls, tokens or turns there may be at once.</p>`:b`<dl>${t.map(([e,t,r])=>b`<dt>${e}</dt><dd>${n(t)} together, ${n(r)} for each user</dd>`)}</dl>`}
  </section>`}customElements.define(`soma-budget`,Pc);var Ic=10,Lc=o`
  .calibration {
    padding: var(--s3) 0;
    border-top: 1px solid var(--hairline);
  }
  .calibration svg {
    width: 100%;
    height: 96px;
    margin: var(--s2) 0 0;
  }
  .calibration .observed {
    fill: var(--accent);
  }
  .calibration .predicted {
    stroke: var(--ink);
    stroke-width: 2;
  }
  .calibration .ground {
    stroke: var(--outline);
    stroke-width: 1;
  }
  .calibration .ends {
    display: flex;
    justify-content: space-between;
    color: var(--ink-soft);
    font-size: var(--size-tiny);
  }
`;function Rc(e){return b`<section aria-labelledby="calibration">
    <h2 id="calibration">How well AIQ is predicted</h2>
    ${e.length===0?b`<p class="quiet">Nothing was compared yet: every turn that is settled adds to it.</p>`:e.map(e=>zc(e))}
  </section>`}function zc(e){return b`<div class="calibration">
    <div class="pair"><h3>${e.model}</h3><span>${N(Number(e.turns),`turn`)}</span></div>
    <p class="quiet">${Bc(e)}</p>
    ${e.bins.length===0?C:Vc(e)}
  </div>`}function Bc(e){let t=e.mean_error;return`On average ${Math.abs(t)<.5?`as good as predicted`:`${Math.abs(t).toFixed(1)} ${t>0?`better`:`worse`} than predicted`}; off by ${e.mean_absolute_error.toFixed(1)} a turn; expected calibration error ${e.expected_calibration_error.toFixed(1)}.`}function Vc(e){return b`<svg role="img" aria-label=${e.bins.map(e=>Uc(e)).join(` `)}>
      <line class="ground" x1="0" x2="100%" y1="100%" y2="100%"></line>
      ${e.bins.map(e=>Hc(e))}
    </svg>
    <div class="ends"><span>0</span><span>bar observed, line predicted</span><span>100</span></div>`}function Hc(e){let t=100/Ic*Math.min(9,Math.floor(e.from/Ic)),[n,r]=[100-e.mean_observed,100-e.mean_predicted];return x`<g>
    <title>${Uc(e)}</title>
    <rect class="observed" x=${`${t+1}%`} width="8%" y=${`${n.toFixed(1)}%`} height=${`${e.mean_observed.toFixed(1)}%`}></rect>
    <line class="predicted" x1=${`${t+.5}%`} x2=${`${t+9.5}%`} y1=${`${r.toFixed(1)}%`} y2=${`${r.toFixed(1)}%`}></line>
  </g>`}function Uc(e){return`Predicted ${e.mean_predicted.toFixed(0)}, observed ${e.mean_observed.toFixed(0)}, in ${M(e.turns)} ${e.turns===`1`?`turn`:`turns`}.`}var Wc=[[`dependency`,`state`],[`lane`],[`level`]],Gc=/^(DEGRADATION_LEVEL|DEPENDENCY_STATE|LANE_PROFILE)_/;function Kc(e){let t=new Map;return Jc(e,[],t),t}function qc(e,t){let[n,r]=[Kc(e),Kc(t)];return[...new Set([...r.keys(),...n.keys()])].map(e=>({name:e,before:n.get(e)??`none`,after:r.get(e)??`none`})).filter(e=>e.before!==e.after)}function Jc(e,t,n){if(Array.isArray(e))e.forEach((e,r)=>Yc(e,t,r,n));else if(Xc(e))for(let[r,i]of Object.entries(e))Jc(i,[...t,P(r)],n);else n.set(t.join(`, `),Zc(e))}function Yc(e,t,n,r){let i=Xc(e)?Wc.find(t=>t.every(t=>t in e)):void 0;if(!Xc(e)||i===void 0){Jc(e,[...t,String(n+1)],r);return}let a=i.map(t=>Zc(e[t])).join(` `),o=Object.entries(e).filter(([e])=>!i.includes(e));Jc(Object.fromEntries(o),[...t,a],r)}function Xc(e){return typeof e==`object`&&!!e}function Zc(e){if(typeof e==`number`)return pt(e);let t=String(e);return Gc.test(t)?Qc(t.replace(Gc,``)):P(t)}function Qc(e){return/^L\d$/.test(e)?e:P(e.toLowerCase())}var $c=6,el=class extends V{static properties={opened:{state:!0},refused:{state:!0}};static styles=[O,k,A,$,o`
      :host {
        margin-top: var(--s5);
      }
      li > .foot {
        display: flex;
        justify-content: space-between;
        align-items: center;
        gap: var(--s2);
      }
      .foot button {
        min-height: 26px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      .changes dd {
        text-align: left;
      }
      form {
        display: flex;
        gap: var(--s2);
        margin-top: var(--s2);
      }
      form input {
        flex: 1;
        min-width: 0;
      }
      summary {
        width: fit-content;
        min-height: 24px;
        color: var(--accent);
        cursor: pointer;
      }
    `];constructor(){super(),this.opened=void 0,this.refused=``}watched(){let{configuration:e,mesh:t}=this.store;return[e.now,e.problem,e.versions.rows,e.versions.problem,t.roles]}render(){let{now:e,problem:t,versions:n}=this.store.configuration,r=this.refused||(t.value??n.problem.value)?.message,i=n.rows.value??[],a=e.value?.version.version;return b`<section aria-labelledby="configuration">
      <h2 id="configuration">Configuration <span>${a===void 0?``:`version ${a} holds`}</span></h2>
      ${r?b`<p class="problem" role="alert">${r}</p>`:C}
      <ol class="rows">
        ${i.map(e=>this.#e(e,a))}
      </ol>
      ${n.hasMore?b`<button class="plain" type="button" @click=${()=>void n.more()}>Show older</button>`:C}
    </section>`}#e(e,t){let n=this.opened?.number===e.version;return b`<li>
      <div class="pair"><strong>Version ${e.version}</strong><span>${e.version===t?`holds`:``}</span></div>
      <p class="quiet">${tl(e)}</p>
      ${e.comment===``?C:b`<p>${e.comment}</p>`}
      <div class="foot">
        <span class="quiet">${e.changed_fields.map(e=>P(e)).join(`, `)}</span>
        <button class="plain" type="button" aria-expanded=${n} @click=${()=>void this.#n(e.version)}>
          ${n?`Hide`:`Show`} values<span class="unseen"> of version ${e.version}</span>
        </button>
      </div>
      ${n?this.#t(e,t):C}
    </li>`}#t(e,t){let{version:n,changes:r}=this.opened??{};return n===void 0?b`<p class="quiet" role="status">The values are being read.</p>`:b`
      ${r===void 0?C:nl(r)}
      <details>
        <summary>All values</summary>
        <dl>${[...Kc(n.config??{})].map(([e,t])=>b`<dt>${e}</dt><dd>${t}</dd>`)}</dl>
      </details>
      ${this.store.mesh.isAdmin&&e.version!==t?b`<form @submit=${e=>void this.#r(e,n)}>
            <input name="comment" maxlength="500" aria-label="Why it is restored" placeholder="Why (if you like)" autocomplete="off" />
            <button type="submit">Restore this version</button>
          </form>`:C}
    `}async#n(e){if(this.refused=``,this.opened?.number===e){this.opened=void 0;return}let t={number:e};this.opened=t;try{let{configuration:n}=this.store,[r,i]=await Promise.all([n.read(e),e===0?void 0:n.read(e-1)]);this.opened===t&&(this.opened=i===void 0?{number:e,version:r}:{number:e,version:r,changes:qc(i.config,r.config)})}catch(e){this.refused=j(e).message,this.opened=void 0}}async#r(e,t){e.preventDefault();let n=String(new FormData(e.target).get(`comment`)??``).trim(),{configuration:r}=this.store,i=qc(r.now.value?.version.config,t.config),a=i.slice(0,$c).map(e=>`${e.name} from ${e.before} to ${e.after}`),o=i.length>$c?` and ${N(i.length-$c,`more`)}`:``;if(await Cr({title:`Restore version ${t.version}?`,text:`The next turn is planned by it. ${i.length===0?`No value changes`:`It changes ${a.join(`; `)}${o}`}. It becomes a new version; no older one is lost.`,act:`Restore it`,refrain:`Leave it`}))try{await r.restore(t.version,n),this.opened=void 0,this.store.layout.announce(`The values of version ${t.version} hold again.`)}catch(e){this.refused=j(e).message}}};function tl(e){if(e.create_time===void 0)return`The values that come with the system.`;let t=e.restores_version>0?`, restoring version ${e.restores_version}`:``;return`${L(e.create_time)} by ${e.changed_by}${t}`}function nl(e){return e.length===0?b`<p class="quiet">No value differs from the version before.</p>`:b`<dl class="changes">
        ${e.map(({name:e,before:t,after:n})=>b`<dt>${F(e)}</dt><dd>${t} → ${n}</dd>`)}
      </dl>`}customElements.define(`soma-config-versions`,el);var rl=class extends V{static styles=[O,k,A,$,Lc,o`
      .now {
        display: flex;
        align-items: baseline;
        gap: var(--s3);
        margin-bottom: var(--s2);
      }
      .now strong {
        font-size: 20px;
      }
    `];watched(){let{level:e,configuration:t}=this.store;return[e.status,e.problem,t.now,t.problem]}connectedCallback(){super.connectedCallback(),this.store.configuration.load()}render(){let{level:e,configuration:t}=this.store,{value:n}=e.status;return b`
      <section aria-labelledby="level">
        <h2 id="level">Level between turns</h2>
        ${e.problem.value===void 0?C:b`<p class="problem" role="alert">${e.problem.value.message}</p>`}
        ${n===void 0?this.#e():il(n)}
      </section>
      ${n===void 0?C:Uo(n.dependencies)}
      ${t.now.value===void 0?C:Rc(t.now.value.calibration)}
      <soma-config-versions .store=${this.store}></soma-config-versions>
    `}#e(){return this.store.level.problem.value===void 0?b`<p class="quiet" role="status">The mesh is being asked.</p>`:C}};function il(e){let t=e.since===void 0?``:`since ${L(e.since)}`,n=I(e.level)===`L0`,r=n&&e.reasons.length>0?`Answers are as usual; this is good to know.`:jr(e.level);return b`<p class="now"><strong>${I(e.level)}</strong> <span>${r} <span class="quiet">${t}</span></span></p>
    ${e.reasons.length===0&&n?b`<p class="quiet">Nothing demands less.</p>`:C}
    ${e.reasons.map(e=>b`<p class=${I(e.level)===`L0`?`notice`:`notice warn`}>
        <strong>${I(e.level)}</strong> ${e.sentence} <span class="quiet">(${e.source})</span>
      </p>`)}
    ${n?C:b`<p class="quiet">${al(e)}</p>`}`}function al({good_checks:e,good_checks_to_recover:t}){return e===0?`When the cause is gone, ${N(t,`good check`)} in a row bring it back.`:`The cause is gone: ${e} of ${N(t,`good check`)} in a row are there.`}customElements.define(`soma-level`,rl);var ol=class extends V{static styles=[O,k,o`
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
        padding: 0 10px;
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
      @media (max-width: 420px) {
        .top {
          padding: 0 var(--s1);
        }
        [role="tab"] {
          padding: 0 7px;
        }
      }
      [role="tabpanel"] {
        padding: var(--s4);
        overflow-y: auto;
      }
      [role="tabpanel"]:focus-visible,
      [role="tab"]:focus-visible {
        outline-offset: -2px;
      }
    `];watched(){return[this.store.layout.tab]}render(){let{layout:e}=this.store,{value:t}=e.tab;return b`
      <div class="top">
        <div role="tablist" aria-label="About this conversation" @keydown=${e=>this.#t(e)}>
          ${z.map(n=>b`<button
              role="tab"
              type="button"
              id=${`tab-${n}`}
              aria-selected=${n===t}
              aria-controls="panel"
              tabindex=${n===t?0:-1}
              @click=${()=>e.openDrawer(n)}
            >
              ${F(n)}
            </button>`)}
        </div>
        <button class="plain icon" type="button" aria-label="Close" title="Close (Escape)" @click=${()=>e.closeDrawer()}>
          ${D(`close`)}
        </button>
      </div>
      <div id="panel" role="tabpanel" tabindex="0" aria-labelledby=${`tab-${t}`}>${this.#e(t)}</div>
    `}#e(e){switch(e){case`receipt`:return b`<soma-receipt .store=${this.store}></soma-receipt>`;case`mind`:return b`<soma-mind .store=${this.store}></soma-mind>`;case`memory`:return b`<soma-memory .store=${this.store}></soma-memory>`;case`budget`:return b`<soma-budget .store=${this.store}></soma-budget>`;case`level`:return b`<soma-level .store=${this.store}></soma-level>`}}#t(e){let t=e.key===`ArrowRight`?1:e.key===`ArrowLeft`?z.length-1:0,n=z[(z.indexOf(this.store.layout.tab.value)+t)%z.length];t!==0&&n!==void 0&&(e.preventDefault(),this.store.layout.openDrawer(n),this.updateComplete.then(()=>this.renderRoot.querySelector(`#tab-${n}`)?.focus()))}};customElements.define(`soma-drawer`,ol);var sl={connecting:`Connecting`,connected:`Connected`,lost:`Reconnecting.`,locked:`This browser has no session. Open the page on the machine that runs the mesh.`},cl={system:`half`,light:`sun`,dark:`moon`},ll=class extends V{static styles=[O,k,o`
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
      button.left {
        display: block;
        max-width: 100%;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      @media (max-width: 560px) {
        :host {
          gap: var(--s3);
          padding-left: var(--s3);
        }
        .services,
        .level,
        .model,
        .theme span {
          display: none;
        }
      }
    `];watched(){let{mesh:e,turns:t,layout:n,level:r}=this.store;return[e.link,e.level,e.usedModel,e.models,e.budget,e.services,t.running,t.modelId,n.theme,r.status]}render(){let{mesh:e,layout:t,turns:n}=this.store,r=n.modelId.value||e.model,i=this.#t(),a=t.theme.value,o=I(this.store.level.status.value?.level??e.level.value),s=this.#n();return b`
      <span class=${`link ${e.link.value}`} role="status">${this.#e()}</span>
      ${i.length>0?b`<span class="bad services">${i.join(`, `)} down</span>`:C}
      ${o===``?C:b`<span class=${o===`L0`?`level`:`level bad`}>Level ${o}</span>`}
      ${r===``?C:b`<span class="cut model">${r}</span>`}
      <span class="end cut">
        ${s===``?C:b`<button class="plain left" type="button" title="Open the budgets" @click=${()=>t.openDrawer(`budget`)}>${s}</button>`}
      </span>
      <button
        class="plain theme"
        type="button"
        aria-label=${`Theme: ${a}. Change it.`}
        @click=${()=>t.nextTheme()}
      >
        ${D(cl[a])} <span>${a}</span>
      </button>
    `}#e(){let{mesh:e,turns:t}=this.store;return e.link.value===`lost`&&t.running.value!==void 0?`Reconnecting. The answer goes on without you.`:sl[e.link.value]}#t(){let{level:e,mesh:t}=this.store,n=Object.entries(t.services.value).filter(([,e])=>e===`down`);return e.status.value===void 0?n.map(([e])=>e):Wo(e.status.value.dependencies)}#n(){let e=this.store.mesh.budget.value;if(e===void 0)return``;let t=Number(e.limit_tokens)-Number(e.used_tokens)-Number(e.held_tokens),n=Number(e.limit_micros)-Number(e.used_micros)-Number(e.held_micros),r=[Number(e.limit_tokens)>0?`${mt(Math.max(0,t))} tokens`:``,Number(e.limit_micros)>0?gt(Math.max(0,n)):``].filter(e=>e!==``);return r.length===0?``:`${r.join(`, `)} left today`}};customElements.define(`soma-foot`,ll);var ul=[[`system`,`Follow the system's light or dark`],[`light`,`Light`],[`dark`,`Dark`]];function dl(e){return[...fl(e),...ml(e),...hl(e),...gl(e),..._l(e)]}function fl(e){let{layout:t,turns:n,asksIn:r}=e,i=[{name:`New chat`,group:`Do`,keys:`Alt N`,run:()=>e.newChat()}];return n.running.value===void 0?i.push(...pl(e)):i.push({name:`Stop the answer`,group:`Do`,keys:`Esc`,run:()=>n.stop()}),r!==void 0&&i.push({name:`Go to what waits for consent`,group:`Do`,keys:`Alt A`,run:()=>e.openApproval(r)}),z.forEach((e,n)=>{i.push({name:`Open ${F(e)}`,group:`Do`,keys:`Alt ${n+1}`,run:()=>t.openDrawer(e)})}),t.drawerOpen.value&&i.push({name:`Close the drawer`,group:`Do`,keys:`Esc`,run:()=>t.closeDrawer()}),i}function pl({thread:e,turns:t,layout:n,files:r}){let i=[],a=e.entries.value.findLast(e=>e.role===`user`&&e.messageId!==``),{last:o}=e;a!==void 0&&i.push({name:`Edit the last question`,group:`Do`,keys:`↑`,run:()=>n.editing.value=a}),o?.role===`assistant`&&i.push({name:`Answer again`,group:`Do`,keys:``,run:()=>t.regenerate(o)});let{value:s}=e.conversationId;return s!==``&&(i.push({name:`Export as JSON`,group:`Do`,keys:``,run:()=>void r.take(s,`json`)}),i.push({name:`Export as Markdown`,group:`Do`,keys:``,run:()=>void r.take(s,`markdown`)})),i.push({name:`Import a conversation`,group:`Do`,keys:``,run:()=>r.choose()}),i}function ml(e){return ul.map(([t,n])=>({name:n,group:`Theme`,keys:``,run:()=>e.layout.setTheme(t)}))}function hl(e){let{value:t}=e.mesh.agents;return t.length<2?[]:t.map(t=>({name:`New chat with ${t.name}`,group:`Agent`,keys:``,run:()=>{e.newChat(),e.thread.agentId=t.agent_id}}))}function gl({mesh:e,turns:t}){let{value:n}=e.models;if(n.length<2)return[];let r=e=>()=>t.modelId.value=e;return[{name:`The agent's own model answers`,group:`Model`,keys:``,run:r(``)},...n.map(({model_profile_id:e})=>({name:`${e} answers`,group:`Model`,keys:``,run:r(e)}))]}function _l(e){return(e.chats.list.value??[]).map(t=>({name:e.chats.nameOf(t)||`Untitled chat`,group:`Go to`,keys:``,run:()=>e.openChat(t.conversation_id)}))}function vl(e,t){let n=t.toLowerCase().split(/\s+/).filter(e=>e!==``),r=e=>{let t=`${e.group} ${e.name}`.toLowerCase();return n.every(e=>t.includes(e))},i=n[0]??``,a=e=>+!e.name.toLowerCase().startsWith(i);return e.filter(r).sort((e,t)=>a(e)-a(t))}var yl=50,bl=class extends V{static properties={text:{state:!0},chosen:{state:!0}};static styles=[O,k,o`
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
    `];#e=[];constructor(){super(),this.text=``,this.chosen=0}watched(){let{mesh:e,chats:t}=this.store;return[e.models,e.agents,t.list]}willUpdate(e){let t=this.#e[this.chosen];if(this.#e=vl(dl(this.store),this.text).slice(0,yl),!e.has(`text`)&&!e.has(`chosen`)){let e=this.#e.findIndex(({group:e,name:n})=>e===t?.group&&n===t.name);this.chosen=Math.max(0,e)}}firstUpdated(){this.renderRoot.querySelector(`dialog`)?.showModal()}updated(){this.renderRoot.querySelector(`[aria-selected="true"]`)?.scrollIntoView({block:`nearest`})}render(){let e=this.#e;return b`<dialog
      aria-label="Commands"
      @close=${()=>this.store.layout.paletteOpen.value=!1}
      @click=${e=>this.#a(e)}
    >
      <input
        role="combobox"
        aria-label="Command"
        aria-expanded="true"
        aria-controls="list"
        aria-activedescendant=${e.length===0?C:`option-${this.chosen}`}
        placeholder="Go to a chat, or do something"
        autocomplete="off"
        autofocus
        .value=${this.text}
        @input=${e=>this.#n(e.target.value)}
        @keydown=${t=>this.#r(t,e)}
      />
      ${e.length===0?b`<p class="quiet" role="status">No command and no chat is called so.</p>`:b`<div id="list" role="listbox" aria-label="Commands">${e.map((e,t)=>this.#t(e,t))}</div>`}
    </dialog>`}#t(e,t){return b`<div
      id=${`option-${t}`}
      role="option"
      aria-selected=${t===this.chosen}
      @mousemove=${()=>this.chosen=t}
      @click=${()=>this.#i(e)}
    >
      <span class="group">${e.group}</span><span class="cut">${e.name}</span>
      ${e.keys===``?C:b`<kbd>${e.keys}</kbd>`}
    </div>`}#n(e){this.text=e,this.chosen=0}#r(e,t){let n=e.key===`ArrowDown`?1:e.key===`ArrowUp`?-1:0,r=t[this.chosen];n!==0&&t.length>0?(e.preventDefault(),this.chosen=(this.chosen+n+t.length)%t.length):e.key===`Enter`&&r!==void 0&&(e.preventDefault(),this.#i(r))}#i(e){this.renderRoot.querySelector(`dialog`)?.close(),e.run()}#a(e){e.target===e.currentTarget&&this.renderRoot.querySelector(`dialog`)?.close()}};customElements.define(`soma-palette`,bl);var xl=class extends V{static styles=[O,k,A,o`
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
        grid-template: var(--bar) minmax(0, 1fr) auto auto / minmax(0, 1fr);
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
      main > .problem {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--s3);
        margin: 0 var(--s5) var(--s2);
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
    `];constructor(){super(),this.store=new xr}watched(){let{layout:e}=this.store;return[e.narrow,e.railOpen,e.drawerOpen,e.paletteOpen,e.said,e.problem]}connectedCallback(){super.connectedCallback(),addEventListener(`keydown`,this.#o),this.store.start()}disconnectedCallback(){super.disconnectedCallback(),removeEventListener(`keydown`,this.#o)}render(){let{store:e}=this,{narrow:t,railOpen:n,drawerOpen:r,paletteOpen:i,said:a,problem:o}=e.layout,s=t.value&&(n.value||r.value);return b`
      <button class="skip" type="button" @click=${()=>this.focusComposer()}>Go to the message box</button>
      <soma-rail role="navigation" aria-label="Conversations" .store=${e} ?hidden=${t.value&&!n.value}></soma-rail>
      <main ?inert=${s}>
        <soma-head .store=${e}></soma-head>
        <soma-thread .store=${e} @soma-ask=${e=>this.#i(e.detail)} @soma-done=${()=>this.focusComposer()}></soma-thread>
        ${o.value===void 0?b`<span></span>`:this.#e(o.value)}
        <soma-composer .store=${e}></soma-composer>
      </main>
      ${r.value?b`<soma-drawer role="complementary" aria-label="Drawer" .store=${e}></soma-drawer>`:C}
      <soma-foot role="contentinfo" .store=${e} ?inert=${s}></soma-foot>
      ${s?b`<button class="veil" type="button" aria-label="Close" @click=${()=>this.#a()}></button>`:C}
      ${i.value?b`<soma-palette .store=${e}></soma-palette>`:C}
      <p class="unseen" role="status" aria-live="polite">${a.value}</p>
    `}#e(e){return b`<div class="problem" role="alert">
      <p>${e.message}</p>
      <button class="plain icon" type="button" aria-label="Close" @click=${()=>this.store.layout.problem.value=void 0}>${D(`close`)}</button>
    </div>`}updated(){let{narrow:e,railOpen:t,drawerOpen:n}=this.store.layout,r=e.value&&n.value?`soma-drawer`:e.value&&t.value?`soma-rail`:``;r!==this.#t&&(this.#t=r,this.#n(r))}#t=``;async#n(e){if(e===``){this.focusComposer();return}let t=this.renderRoot.querySelector(e);await t?.updateComplete,t?.renderRoot.querySelector(`[aria-selected="true"], button`)?.focus()}focusComposer(){this.#r?.focusField()}get#r(){return this.renderRoot.querySelector(`soma-composer`)}#i(e){this.store.turns.say(e),this.focusComposer()}#a(){this.store.layout.railOpen.value=!1,this.store.layout.narrow.value&&this.store.layout.closeDrawer()}#o=e=>{let{layout:t,asksIn:n}=this.store;if((e.ctrlKey||e.metaKey)&&!e.altKey&&e.key.toLowerCase()===`k`)e.preventDefault(),t.paletteOpen.value=!t.paletteOpen.value;else if(e.key===`Escape`&&!e.defaultPrevented)this.#s();else if(e.altKey&&!e.ctrlKey&&!e.metaKey){let r=z[Number(e.code.replace(`Digit`,``))-1];e.code===`KeyN`?(e.preventDefault(),this.store.newChat(),this.focusComposer()):e.code===`KeyA`&&n!==void 0?(e.preventDefault(),this.store.openApproval(n)):r!==void 0&&(e.preventDefault(),t.toggleDrawer(r))}else e.key!==`/`||e.ctrlKey||e.metaKey||Sl(e)||(e.preventDefault(),this.focusComposer())};#s(){let{layout:e,turns:t}=this.store;e.narrow.value&&(e.railOpen.value||e.drawerOpen.value)?this.#a():t.running.value===void 0?e.drawerOpen.value&&(e.closeDrawer(),this.focusComposer()):t.stop()}};function Sl(e){let t=e.composedPath()[0];return t instanceof HTMLElement&&t.matches(`input, textarea, select, [contenteditable]`)}customElements.define(`soma-app`,xl);