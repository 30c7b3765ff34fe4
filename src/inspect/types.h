/*
 * TYPE(name, family, label, extensions, media): the types that are known, with all extensions and media types that a file of that
 * type may honestly have; the first of each is the usual one. A type with several readings (a zip is many things) is listed at the
 * reading. How a type
 * is recognised stands in type.c and signatures.h.
 */
TYPE(unknown, UNKNOWN, "unknown data", "", "application/octet-stream")
TYPE(empty, UNKNOWN, "nothing", "", "")

/* Text. Programs see kinds of text by the extension alone; so a text may have many. */
TYPE(text, TEXT, "text", "txt text log md csv tsv ini cfg conf srt diff patch c h java sql tex json yaml yml toml rst asc"
	" dic po bib m3u css ts go rs cpp hpp vcf ics properties gpx nfo", "text/plain text/csv text/tab-separated-values text/markdown"
	" text/x-diff text/x-patch text/css text/x-log text/x-python text/x-c application/json application/x-yaml application/sql"
	" text/calendar text/vcard text/x-csrc text/x-chdr text/x-java text/enriched text/rfc822-headers message/delivery-status"
	" message/disposition-notification text/xml application/pgp-keys")
TYPE(csv, TEXT, "table as text", "csv tsv txt xls", "text/csv text/tab-separated-values text/plain text/comma-separated-values"
	" application/vnd.ms-excel application/csv")
TYPE(json, TEXT, "JSON", "json map geojson webmanifest txt", "application/json text/json text/plain application/ld+json"
	" application/tlsrpt+json")
TYPE(xml, TEXT, "XML", "xml xsd xsl xslt rss atom kml gpx plist dtd txt rels xmp", "application/xml text/xml application/rss+xml"
	" application/atom+xml text/plain application/xslt+xml application/vnd.google-earth.kml+xml application/gpx+xml")
TYPE(calendar, TEXT, "calendar entry", "ics ical ifb icalendar vcs", "text/calendar application/ics text/x-vcalendar text/plain")
TYPE(vcard, TEXT, "address card", "vcf vcard", "text/vcard text/x-vcard text/directory text/plain")
TYPE(pem, DATA, "certificate or key", "pem crt cer key csr p7b p7c asc txt pub", "application/x-pem-file application/x-x509-ca-cert"
	" application/pkix-cert application/x-pkcs7-certificates text/plain application/pgp-keys application/pkcs10")

/* Documents. */
TYPE(pdf, DOCUMENT, "PDF", "pdf ai fdf", "application/pdf application/x-pdf application/acrobat application/vnd.pdf text/pdf"
	" application/illustrator application/vnd.fdf")
TYPE(postscript, DOCUMENT, "PostScript", "ps eps ai", "application/postscript application/eps image/x-eps")
TYPE(rtf, DOCUMENT, "rich text", "rtf doc", "application/rtf text/rtf text/richtext application/x-rtf application/msword")
TYPE(doc, DOCUMENT, "Word document", "doc dot wbk wps", "application/msword application/vnd.ms-word application/vnd.ms-works")
TYPE(xls, DOCUMENT, "Excel workbook", "xls xlt xla xlw et", "application/vnd.ms-excel application/msexcel application/x-msexcel"
	" application/excel application/x-excel")
TYPE(ppt, DOCUMENT, "PowerPoint presentation", "ppt pot pps ppa dps", "application/vnd.ms-powerpoint application/mspowerpoint"
	" application/powerpoint")
TYPE(visio, DOCUMENT, "Visio drawing", "vsd vss vst", "application/vnd.visio application/x-visio")
TYPE(publisher, DOCUMENT, "Publisher document", "pub", "application/x-mspublisher application/vnd.ms-publisher")
TYPE(project, DOCUMENT, "Project plan", "mpp mpt", "application/vnd.ms-project application/x-project")
TYPE(ole, DOCUMENT, "OLE compound file", "doc xls ppt pub vsd mpp msg db dot hwp wps et dps", "application/x-ole-storage"
	" application/msword application/vnd.ms-excel application/vnd.ms-powerpoint application/CDFV2 application/x-hwp"
	" application/haansofthwp")
TYPE(ole_encrypted, DOCUMENT, "encrypted Office document", "docx xlsx pptx docm xlsm pptm doc xls ppt xlsb dotx xltx potx",
	"application/encrypted application/msword application/vnd.ms-excel application/vnd.ms-powerpoint"
	" application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	" application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	" application/vnd.openxmlformats-officedocument.presentationml.presentation")
TYPE(docx, DOCUMENT, "Word document", "docx dotx doc", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	" application/vnd.openxmlformats-officedocument.wordprocessingml.template application/msword")
TYPE(docm, DOCUMENT, "Word document with macros", "docm dotm doc", "application/vnd.ms-word.document.macroEnabled.12"
	" application/vnd.ms-word.template.macroEnabled.12 application/msword")
TYPE(xlsx, DOCUMENT, "Excel workbook", "xlsx xltx xls", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	" application/vnd.openxmlformats-officedocument.spreadsheetml.template application/vnd.ms-excel")
TYPE(xlsm, DOCUMENT, "Excel workbook with macros", "xlsm xltm xlam xls", "application/vnd.ms-excel.sheet.macroEnabled.12"
	" application/vnd.ms-excel.template.macroEnabled.12 application/vnd.ms-excel.addin.macroEnabled.12 application/vnd.ms-excel")
TYPE(xlsb, DOCUMENT, "binary Excel workbook", "xlsb xls", "application/vnd.ms-excel.sheet.binary.macroEnabled.12 application/vnd.ms-excel")
TYPE(pptx, DOCUMENT, "PowerPoint presentation", "pptx ppsx potx ppt",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation"
	" application/vnd.openxmlformats-officedocument.presentationml.slideshow"
	" application/vnd.openxmlformats-officedocument.presentationml.template application/vnd.ms-powerpoint")
TYPE(pptm, DOCUMENT, "PowerPoint presentation with macros", "pptm ppsm potm ppam ppt",
	"application/vnd.ms-powerpoint.presentation.macroEnabled.12 application/vnd.ms-powerpoint.slideshow.macroEnabled.12"
	" application/vnd.ms-powerpoint.template.macroEnabled.12 application/vnd.ms-powerpoint.addin.macroEnabled.12"
	" application/vnd.ms-powerpoint")
TYPE(vsdx, DOCUMENT, "Visio drawing", "vsdx vsdm vssx vstx vssm vstm", "application/vnd.ms-visio.drawing"
	" application/vnd.ms-visio.drawing.macroEnabled.12 application/vnd.visio")
TYPE(xps, DOCUMENT, "XPS document", "xps oxps", "application/vnd.ms-xpsdocument application/oxps")
TYPE(ooxml, DOCUMENT, "Open Packaging document", "docx xlsx pptx xps thmx nupkg", "application/vnd.openxmlformats"
	" application/vnd.ms-package.3dmanufacturing-3dmodel+xml")
TYPE(odt, DOCUMENT, "OpenDocument text", "odt ott odm oth", "application/vnd.oasis.opendocument.text"
	" application/vnd.oasis.opendocument.text-template application/vnd.oasis.opendocument.text-master")
TYPE(ods, DOCUMENT, "OpenDocument spreadsheet", "ods ots", "application/vnd.oasis.opendocument.spreadsheet"
	" application/vnd.oasis.opendocument.spreadsheet-template")
TYPE(odp, DOCUMENT, "OpenDocument presentation", "odp otp", "application/vnd.oasis.opendocument.presentation"
	" application/vnd.oasis.opendocument.presentation-template")
TYPE(odf, DOCUMENT, "OpenDocument file", "odg otg odb odf odc odi sxw sxc sxi", "application/vnd.oasis.opendocument.graphics"
	" application/vnd.oasis.opendocument.database application/vnd.oasis.opendocument.formula application/vnd.oasis.opendocument.chart")
TYPE(ofd, DOCUMENT, "OFD", "ofd", "application/ofd application/vnd.ofd")
TYPE(epub, DOCUMENT, "electronic book", "epub", "application/epub+zip")
TYPE(iwork, DOCUMENT, "iWork document", "pages numbers key", "application/vnd.apple.pages application/vnd.apple.numbers"
	" application/vnd.apple.keynote application/x-iwork-pages-sffpages application/x-iwork-numbers-sffnumbers"
	" application/x-iwork-keynote-sffkey")
TYPE(onenote, DOCUMENT, "OneNote section", "one onetoc2", "application/onenote application/msonenote")
TYPE(djvu, DOCUMENT, "DjVu", "djvu djv", "image/vnd.djvu")
TYPE(access, DATA, "Access database", "mdb accdb mde accde mda accda", "application/msaccess application/x-msaccess"
	" application/vnd.ms-access application/mdb")
TYPE(sqlite, DATA, "SQLite database", "sqlite sqlite3 db db3", "application/vnd.sqlite3 application/x-sqlite3")
TYPE(dwg, DOCUMENT, "AutoCAD drawing", "dwg dwt", "image/vnd.dwg application/acad application/dwg image/x-dwg application/x-dwg")

/* Pages. */
TYPE(html, PAGE, "HTML page", "html htm shtml xhtml xht asp aspx jsp php", "text/html application/xhtml+xml")
TYPE(mhtml, PAGE, "web archive", "mht mhtml eml doc", "multipart/related message/rfc822 application/x-mimearchive application/msword"
	" text/plain")
TYPE(svg, PAGE, "SVG picture", "svg", "image/svg+xml image/svg application/svg+xml")
TYPE(svgz, PAGE, "packed SVG picture", "svgz svg", "image/svg+xml image/svg+xml-compressed application/gzip")

/* Pictures. */
TYPE(png, IMAGE, "PNG picture", "png apng", "image/png image/x-png image/apng")
TYPE(jpeg, IMAGE, "JPEG picture", "jpg jpeg jpe jfif jif mpo", "image/jpeg image/jpg image/pjpeg")
TYPE(gif, IMAGE, "GIF picture", "gif", "image/gif")
TYPE(bmp, IMAGE, "bitmap", "bmp dib", "image/bmp image/x-ms-bmp image/x-bmp")
TYPE(tiff, IMAGE, "TIFF picture", "tif tiff dng nef cr2 arw", "image/tiff image/x-tiff image/x-adobe-dng")
TYPE(webp, IMAGE, "WebP picture", "webp", "image/webp")
TYPE(heif, IMAGE, "HEIF picture", "heic heif avif hif", "image/heic image/heif image/avif image/heic-sequence")
TYPE(ico, IMAGE, "icon", "ico cur", "image/x-icon image/vnd.microsoft.icon")
TYPE(psd, IMAGE, "Photoshop picture", "psd psb", "image/vnd.adobe.photoshop application/x-photoshop image/x-photoshop"
	" application/photoshop")
TYPE(jpeg2000, IMAGE, "JPEG 2000 picture", "jp2 j2k jpf jpx", "image/jp2 image/jpx")
TYPE(jxl, IMAGE, "JPEG XL picture", "jxl", "image/jxl")
TYPE(emf, IMAGE, "Windows metafile", "emf wmf emz", "image/emf image/x-emf image/wmf image/x-wmf application/x-msmetafile")

/* Sound, film, fonts. */
TYPE(mp3, MEDIA, "MP3 sound", "mp3 mp2 mpga", "audio/mpeg audio/mp3")
TYPE(mp4, MEDIA, "MPEG 4 film", "mp4 m4a m4v mov 3gp 3g2 m4b m4r qt", "video/mp4 audio/mp4 video/quicktime audio/x-m4a video/3gpp"
	" video/x-m4v audio/m4a audio/3gpp")
TYPE(wav, MEDIA, "WAV sound", "wav", "audio/wav audio/x-wav audio/vnd.wave audio/wave")
TYPE(avi, MEDIA, "AVI film", "avi", "video/x-msvideo video/avi")
TYPE(ogg, MEDIA, "Ogg", "ogg oga ogv opus", "audio/ogg video/ogg application/ogg audio/opus")
TYPE(flac, MEDIA, "FLAC sound", "flac", "audio/flac audio/x-flac")
TYPE(matroska, MEDIA, "Matroska film", "mkv webm mka", "video/x-matroska video/webm audio/webm")
TYPE(amr, MEDIA, "AMR sound", "amr awb", "audio/amr audio/amr-wb")
TYPE(aac, MEDIA, "AAC sound", "aac", "audio/aac audio/x-aac")
TYPE(midi, MEDIA, "MIDI", "mid midi", "audio/midi audio/x-midi")
TYPE(mpeg, MEDIA, "MPEG film", "mpg mpeg vob ts mts m2ts", "video/mpeg video/mp2t")
TYPE(asf, MEDIA, "Windows Media", "wmv wma asf", "video/x-ms-wmv audio/x-ms-wma video/x-ms-asf")
TYPE(flv, MEDIA, "Flash film", "flv", "video/x-flv")
TYPE(font, MEDIA, "font", "ttf otf ttc woff woff2 eot", "font/ttf font/otf font/woff font/woff2 application/font-woff"
	" application/x-font-ttf application/vnd.ms-fontobject application/font-sfnt")

/* Signatures, keys, mail. */
TYPE(pkcs7, DATA, "S/MIME data", "p7m p7s p7b p7c p7z smime", "application/pkcs7-mime application/pkcs7-signature"
	" application/x-pkcs7-mime application/x-pkcs7-signature application/x-pkcs7-certificates")
TYPE(certificate, DATA, "certificate", "cer crt der p12 pfx crl", "application/pkix-cert application/x-x509-ca-cert application/x-pkcs12"
	" application/pkix-crl application/pkcs12")
TYPE(openpgp, DATA, "OpenPGP data", "pgp gpg asc sig key", "application/pgp-encrypted application/pgp-signature application/pgp-keys"
	" application/pgp application/octet-stream")
TYPE(message, MESSAGE, "mail message", "eml mht mhtml nws txt", "message/rfc822 message/global message/news text/plain")
TYPE(mbox, MESSAGE, "mailbox", "mbox mbx", "application/mbox text/plain")
TYPE(outlook, MESSAGE, "Outlook message", "msg oft", "application/vnd.ms-outlook application/x-msg")
TYPE(pst, MESSAGE, "Outlook store", "pst ost", "application/vnd.ms-outlook-pst application/vnd.ms-outlook")
TYPE(tnef, MESSAGE, "TNEF (winmail.dat)", "dat tnef", "application/ms-tnef application/vnd.ms-tnef")

/* Archives. */
TYPE(zip, ARCHIVE, "ZIP archive", "zip zipx apkm xpi crx whl kmz cbz ear war aar", "application/zip application/x-zip-compressed"
	" application/x-zip multipart/x-zip application/vnd.google-earth.kmz application/x-xpinstall")
TYPE(gzip, ARCHIVE, "gzip", "gz tgz emz wmz svgz dia", "application/gzip application/x-gzip application/tlsrpt+gzip"
	" application/x-compressed-tar application/x-gtar-compressed")
TYPE(bzip2, ARCHIVE, "bzip2", "bz2 tbz tbz2 bz", "application/x-bzip2 application/x-bzip application/bzip2")
TYPE(xz, ARCHIVE, "xz", "xz txz", "application/x-xz")
TYPE(lzma, ARCHIVE, "LZMA", "lzma tlz", "application/x-lzma")
TYPE(lzip, ARCHIVE, "lzip", "lz", "application/x-lzip application/lzip")
TYPE(lz4, ARCHIVE, "LZ4", "lz4", "application/x-lz4")
TYPE(zstd, ARCHIVE, "Zstandard", "zst tzst", "application/zstd")
TYPE(compress, ARCHIVE, "compress", "z taz", "application/x-compress")
TYPE(tar, ARCHIVE, "tar archive", "tar gem ova", "application/x-tar application/x-ustar application/x-gtar application/tar")
TYPE(cpio, ARCHIVE, "cpio archive", "cpio", "application/x-cpio")
TYPE(ar, ARCHIVE, "ar archive", "a ar lib", "application/x-archive application/x-unix-archive")
TYPE(sevenzip, ARCHIVE, "7-Zip archive", "7z 7zip cb7", "application/x-7z-compressed")
TYPE(rar, ARCHIVE, "RAR archive", "rar cbr r00 r01", "application/vnd.rar application/x-rar-compressed application/x-rar application/rar")
TYPE(cab, ARCHIVE, "Windows cabinet", "cab", "application/vnd.ms-cab-compressed application/x-cab")
TYPE(arj, ARCHIVE, "ARJ archive", "arj", "application/x-arj application/arj")
TYPE(ace, ARCHIVE, "ACE archive", "ace", "application/x-ace-compressed application/x-ace")
TYPE(lha, ARCHIVE, "LHA archive", "lzh lha", "application/x-lzh-compressed application/x-lha application/x-lzh")
TYPE(zoo, ARCHIVE, "ZOO archive", "zoo", "application/x-zoo")
TYPE(alz, ARCHIVE, "ALZ archive", "alz egg", "application/x-alz application/x-egg")
TYPE(xar, ARCHIVE, "XAR archive", "xar", "application/x-xar")
TYPE(uuencode, ARCHIVE, "uuencoded file", "uu uue txt", "text/x-uuencode application/x-uuencode text/plain")

/* Images of disks. */
TYPE(iso, DISK, "CD image", "iso img udf", "application/x-iso9660-image application/x-cd-image application/vnd.efi.iso")
TYPE(vhd, DISK, "virtual disk", "vhd vhdx", "application/x-vhd application/x-vhdx")
TYPE(vmdk, DISK, "virtual disk", "vmdk", "application/x-vmdk")
TYPE(qcow, DISK, "virtual disk", "qcow qcow2", "application/x-qemu-disk")
TYPE(dmg, DISK, "Apple disk image", "dmg", "application/x-apple-diskimage")
TYPE(wim, DISK, "Windows image", "wim esd swm", "application/x-ms-wim")
TYPE(disk, DISK, "disk image", "img ima vfd bin dd raw", "application/x-raw-disk-image application/x-raw-floppy-disk-image")
TYPE(squashfs, DISK, "SquashFS image", "squashfs snap sfs", "application/vnd.squashfs application/vnd.snap")

/* Programs. */
TYPE(pe, PROGRAM, "Windows program", "exe dll scr cpl com ocx sys drv pif efi xll mui ax tlb wll",
	"application/vnd.microsoft.portable-executable application/x-msdownload application/x-dosexec application/x-msdos-program"
	" application/exe application/x-exe")
TYPE(dos, PROGRAM, "DOS or 16 bit Windows program", "exe com dll fon ovl", "application/x-dosexec application/x-msdos-program"
	" application/x-msdownload")
TYPE(elf, PROGRAM, "ELF program", "elf so o ko bin run out axf", "application/x-executable application/x-sharedlib application/x-elf"
	" application/x-object application/x-pie-executable")
TYPE(macho, PROGRAM, "Mach-O program", "dylib bundle o", "application/x-mach-binary application/x-mach-o-executable")
TYPE(java_class, PROGRAM, "Java class", "class", "application/java-vm application/x-java-class")
TYPE(jar, PROGRAM, "Java archive", "jar war ear", "application/java-archive application/x-java-archive application/x-jar")
TYPE(jnlp, PROGRAM, "Java Web Start", "jnlp", "application/x-java-jnlp-file")
TYPE(apk, PROGRAM, "Android package", "apk aab xapk", "application/vnd.android.package-archive")
TYPE(ipa, PROGRAM, "iOS package", "ipa", "application/x-ios-app")
TYPE(dex, PROGRAM, "Dalvik program", "dex", "application/vnd.android.dex")
TYPE(wasm, PROGRAM, "WebAssembly", "wasm", "application/wasm")
TYPE(msi, PROGRAM, "Windows installer", "msi msp mst msm", "application/x-msi application/x-ms-installer application/x-msdownload")
TYPE(msix, PROGRAM, "Windows app package", "msix appx msixbundle appxbundle", "application/msix application/appx application/vnd.ms-appx")
TYPE(clickonce, PROGRAM, "ClickOnce application", "application appref-ms xbap vsto", "application/x-ms-application application/x-ms-xbap"
	" application/x-ms-vsto")
TYPE(deb, PROGRAM, "Debian package", "deb udeb", "application/vnd.debian.binary-package application/x-debian-package")
TYPE(rpm, PROGRAM, "RPM package", "rpm", "application/x-rpm application/x-redhat-package-manager")
TYPE(chm, PROGRAM, "compiled help", "chm", "application/vnd.ms-htmlhelp application/x-chm")
TYPE(hlp, PROGRAM, "Windows help", "hlp", "application/winhlp application/x-winhlp")
TYPE(flash, PROGRAM, "Flash program", "swf spl", "application/x-shockwave-flash application/vnd.adobe.flash.movie")
TYPE(python_code, PROGRAM, "compiled Python", "pyc pyo", "application/x-python-code")
TYPE(autoit, PROGRAM, "compiled AutoIt", "a3x", "application/x-autoit-compiled")

/* Scripts. Most are text that only the extension makes a program: see script_extensions in type_script.c. */
TYPE(javascript, SCRIPT, "JavaScript", "js mjs jse cjs", "application/javascript text/javascript application/x-javascript"
	" application/ecmascript text/ecmascript text/plain")
TYPE(vbscript, SCRIPT, "Visual Basic script", "vbs vbe vb", "text/vbscript application/x-vbscript text/x-vbscript text/plain")
TYPE(wsf, SCRIPT, "Windows script file", "wsf wsc sct wsh ws", "text/xml application/x-wsf text/scriptlet text/plain")
TYPE(hta, SCRIPT, "HTML application", "hta", "application/hta")
TYPE(batch, SCRIPT, "batch file", "bat cmd btm nt", "application/x-bat application/bat application/x-msdos-program text/x-msdos-batch"
	" text/plain")
TYPE(powershell, SCRIPT, "PowerShell script", "ps1 psm1 psd1 ps1xml psc1 pssc cdxml ps2 msh", "application/x-powershell text/x-powershell"
	" text/plain")
TYPE(shell, SCRIPT, "shell script", "sh bash ksh zsh csh command run tool fish", "application/x-sh application/x-shellscript text/x-sh"
	" text/x-shellscript application/x-csh text/plain")
TYPE(python, SCRIPT, "Python script", "py pyw pyz", "text/x-python application/x-python text/plain")
TYPE(perl, SCRIPT, "Perl script", "pl pm plx", "text/x-perl application/x-perl text/plain")
TYPE(ruby, SCRIPT, "Ruby script", "rb rbw", "text/x-ruby application/x-ruby text/plain")
TYPE(php, SCRIPT, "PHP script", "php phar phtml php5 inc", "application/x-httpd-php application/x-php text/x-php text/plain")
TYPE(applescript, SCRIPT, "AppleScript", "scpt applescript scptd", "application/x-applescript text/x-applescript text/plain")
TYPE(autohotkey, SCRIPT, "AutoHotkey or AutoIt script", "ahk au3", "text/x-autohotkey text/x-autoit text/plain")
TYPE(lua, SCRIPT, "Lua script", "lua", "text/x-lua text/plain")
TYPE(interpreted, SCRIPT, "script of another interpreter", "tcl awk sed r expect groovy", "text/x-tcl text/x-awk text/plain")
TYPE(encoded_script, SCRIPT, "encoded script", "jse vbe", "text/plain application/octet-stream")

/* Shortcuts. */
TYPE(lnk, SHORTCUT, "Windows shortcut", "lnk", "application/x-ms-shortcut application/x-mslink")
TYPE(url, SHORTCUT, "internet shortcut", "url website", "application/internet-shortcut application/x-url text/x-url"
	" application/x-mswinurl text/plain")
TYPE(webloc, SHORTCUT, "Apple web shortcut", "webloc inetloc fileloc ftploc", "application/x-webloc application/xml text/xml")
TYPE(desktop, SHORTCUT, "desktop entry", "desktop directory", "application/x-desktop text/plain")
TYPE(scf, SHORTCUT, "Explorer command", "scf", "text/plain application/x-ms-scf")
TYPE(library, SHORTCUT, "Windows library or search", "library-ms searchconnector-ms search-ms", "application/windows-library+xml"
	" application/windows-search-connector+xml")
TYPE(settingcontent, SHORTCUT, "settings shortcut", "settingcontent-ms", "application/xml text/xml")
TYPE(theme, SHORTCUT, "Windows theme", "theme themepack deskthemepack", "application/x-windows-theme text/plain")

/* Files that set things up when they are opened. */
TYPE(registry, SETTINGS, "registry file", "reg", "text/x-ms-regedit application/x-ms-regedit text/plain")
TYPE(inf, SETTINGS, "setup information", "inf", "text/plain application/x-setupscript application/inf text/inf")
TYPE(rdp, SETTINGS, "remote desktop connection", "rdp", "application/x-rdp text/plain")
TYPE(web_query, SETTINGS, "Office query", "iqy oqy dqy rqy odc slk", "text/x-ms-iqy text/x-ms-odc text/x-ms-rqy text/plain"
	" application/x-sylk text/html")
TYPE(mobileconfig, SETTINGS, "Apple configuration profile", "mobileconfig mobileprovision", "application/x-apple-aspen-config")
TYPE(msc, SETTINGS, "management console file", "msc", "application/x-msc application/xml text/xml")
TYPE(diagcab, SETTINGS, "troubleshooter", "diagcab diagcfg diagpkg", "application/vnd.ms-cab-compressed")
TYPE(group_policy, SETTINGS, "scheduled task", "job", "application/x-ms-task")
