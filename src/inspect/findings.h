/*
 * FINDING(name, class, severity, gap): what an inspection can find. The names are for ever: policies, events and the console know them.
 * class: INSPECT_CLASS_*, severity: INSPECT_*, gap: INSPECT_GAP_* when it means that something was not looked into. Behind stands the
 * meaning, and what the detail is.
 */

/* The file name, of the part or of a member of an archive. */
FINDING(name_turned, NAME, DANGEROUS, NONE)            /* a character that turns the direction of text:
	U+202E and its kin; the code point */
FINDING(name_invisible, NAME, DOUBTFUL, NONE)          /* controls, zero width characters; the code point */
FINDING(name_double_extension, NAME, DANGEROUS, NONE)  /* "invoice.pdf.exe"; both extensions */
FINDING(name_padded, NAME, DANGEROUS, NONE)            /* many blanks before the extension */
FINDING(name_trailing, NAME, DOUBTFUL, NONE)           /* dots, blanks, a stream name at the end: Windows drops them; what is left */
FINDING(name_lookalike, NAME, DOUBTFUL, NONE)          /* a character that looks like a dot or a slash; the code point */
FINDING(name_path, NAME, DANGEROUS, NONE)              /* "../x", "/x", "C:x": outside of where it is unpacked; the name */
FINDING(name_device, NAME, DOUBTFUL, NONE)             /* "CON", "NUL.txt"; the name */
FINDING(name_long, NAME, NOTE, NONE)                   /* longer than a file system takes; its bytes */

/* What it says it is, and what it is. */
FINDING(type_mismatch, TYPE, DOUBTFUL, NONE)           /* the extension belongs to other types; "pdf: png" (extension, true type) */
FINDING(type_disguised, TYPE, DANGEROUS, NONE)         /* the same, and it is active: a program, script, page or container */
FINDING(type_declared, TYPE, NOTE, NONE)               /* the media type of the part belongs to other types; "image/png: pdf" */
FINDING(type_polyglot, TYPE, DOUBTFUL, NONE)           /* is a second thing as well; "pdf, zip" */
FINDING(type_unknown, OPAQUE, NOTE, UNKNOWN)           /* no type known here, and no text */

/* What runs when it is opened. */
FINDING(program, PROGRAM, DANGEROUS, NONE)             /* the type */
FINDING(program_in_archive, PROGRAM, DANGEROUS, NONE)
FINDING(program_extension, PROGRAM, DANGEROUS, NONE)   /* the extension is a program's, the content is not known */
FINDING(script, PROGRAM, DANGEROUS, NONE)              /* a file that an interpreter runs; the type */
FINDING(script_in_archive, PROGRAM, DANGEROUS, NONE)
FINDING(source_code, PROGRAM, NOTE, NONE)              /* a program as text that no double click runs; the type */
FINDING(installer, PROGRAM, DANGEROUS, NONE)           /* MSI, MSIX, deb, rpm, apk, … */
FINDING(shortcut, PROGRAM, DANGEROUS, NONE)            /* LNK and its kin; target and arguments */
FINDING(shortcut_command, PROGRAM, DANGEROUS, NONE)    /* it starts an interpreter; which */
FINDING(shortcut_remote, REMOTE, DANGEROUS, NONE)      /* it, or its icon, lies on another machine: UNC, WebDAV, file: URL; the path */
FINDING(shortcut_page, REMOTE, DOUBTFUL, NONE)         /* .url, .webloc and such to an http page; the URL */
FINDING(help_file, PROGRAM, DANGEROUS, NONE)           /* CHM, HLP */
FINDING(settings_file, PROGRAM, DANGEROUS, NONE)       /* changes settings or connects when it is opened: reg, inf, rdp, iqy; the type */
FINDING(disk_image, PROGRAM, DOUBTFUL, NONE)           /* ISO, VHD, …: mounted by a double click, the mark of the web gone; the type */
FINDING(autorun, PROGRAM, DANGEROUS, NONE)             /* autorun.inf in a disk image or archive; what it opens */

/* Archives. */
FINDING(archive_encrypted, OPAQUE, DOUBTFUL, ENCRYPTED) /* the method */
FINDING(archive_bomb, ARCHIVE, DANGEROUS, BUDGET)      /* unpacks to more than ratio_max times its size; "ratio" */
FINDING(archive_nested, ARCHIVE, DOUBTFUL, BUDGET)     /* deeper than depth_max */
FINDING(archive_overlap, ARCHIVE, DANGEROUS, NONE)     /* members share bytes, or an archive contains itself */
FINDING(archive_disagrees, ARCHIVE, DANGEROUS, NONE)   /* directory and members differ: two programs see two archives; what */
FINDING(archive_hidden, ARCHIVE, DANGEROUS, NONE)      /* bytes of a member that the directory does not name; the name */
FINDING(archive_prefixed, ARCHIVE, NOTE, NONE)         /* other bytes in front of it; how many */
FINDING(archive_appended, ARCHIVE, NOTE, NONE)         /* other bytes behind it; how many */
FINDING(archive_link, ARCHIVE, DOUBTFUL, NONE)         /* a symbolic or hard link; its target */
FINDING(archive_special, ARCHIVE, DOUBTFUL, NONE)      /* a device, a FIFO, a setuid file; which */
FINDING(archive_damaged, OPAQUE, DOUBTFUL, DAMAGED)    /* what is wrong */
FINDING(archive_method, OPAQUE, DOUBTFUL, UNSUPPORTED) /* packed by a method that is not read here; the method */
FINDING(archive_unread, OPAQUE, DOUBTFUL, UNSUPPORTED) /* a kind of archive that is not opened here; the type */
FINDING(archive_split, OPAQUE, DOUBTFUL, UNSUPPORTED)  /* one volume of several */

/* Office documents: OLE, OOXML, ODF, RTF, OneNote. */
FINDING(macros, MACRO, DOUBTFUL, NONE)                 /* VBA, or Basic of ODF; names of modules */
FINDING(macros_autorun, MACRO, DANGEROUS, NONE)        /* a procedure that runs by itself; its name */
FINDING(macros_suspicious, MACRO, DANGEROUS, NONE)     /* starts programs, loads from the network, calls Windows; the word */
FINDING(macros_stomped, MACRO, DANGEROUS, NONE)        /* compiled code without its source */
FINDING(macros_undeclared, MACRO, DANGEROUS, NONE)     /* in a file whose extension promises none (docx, xlsx) */
FINDING(xlm_macros, MACRO, DANGEROUS, NONE)            /* a sheet of Excel 4.0 macros; the sheet */
FINDING(xlm_autorun, MACRO, DANGEROUS, NONE)           /* Auto_Open and such; the name */
FINDING(sheet_hidden, MACRO, NOTE, NONE)               /* a sheet that the menu cannot show; its name */
FINDING(dde, REMOTE, DANGEROUS, NONE)                  /* DDE or DDEAUTO; the command */
FINDING(external_template, REMOTE, DANGEROUS, NONE)    /* fetched when it is opened; the URL */
FINDING(external_object, REMOTE, DANGEROUS, NONE)      /* linked OLE object or frame, fetched; the URL */
FINDING(external_image, REMOTE, NOTE, NONE)            /* tells its sender when it is opened; the URL */
FINDING(external_data, REMOTE, DOUBTFUL, NONE)         /* a query or connection to elsewhere; the URL */
FINDING(remote_link, REMOTE, DOUBTFUL, NONE)            /* a click away: files of another machine, a protocol of Windows; the URL */
FINDING(embedded_object, EMBEDDED, DOUBTFUL, NONE)     /* an OLE object; its program id */
FINDING(embedded_package, EMBEDDED, DANGEROUS, NONE)   /* an OLE package: a file of any kind; its name */
FINDING(embedded_file, EMBEDDED, DOUBTFUL, NONE)       /* a file inside a PDF, OneNote section, TNEF, …; its name */
FINDING(activex, EMBEDDED, DANGEROUS, NONE)            /* an ActiveX control; its class */
FINDING(equation_object, EMBEDDED, DANGEROUS, NONE)    /* made for the Equation Editor, which is exploited and gone */
FINDING(object_update, EMBEDDED, DANGEROUS, NONE)      /* an RTF object that is loaded without a click */
FINDING(document_obfuscated, SCRIPT, DANGEROUS, NONE)  /* written so that scanners read it differently; how */
FINDING(document_encrypted, OPAQUE, DOUBTFUL, ENCRYPTED) /* the format */
FINDING(document_damaged, OPAQUE, DOUBTFUL, DAMAGED)   /* what is wrong */
FINDING(document_callback, MACRO, DOUBTFUL, NONE)      /* a custom ribbon or add-in that calls something; what */

/* PDF. */
FINDING(pdf_javascript, SCRIPT, DANGEROUS, NONE)       /* its beginning */
FINDING(pdf_form_script, SCRIPT, NOTE, NONE)           /* a script that only formats or adds up fields of a form */
FINDING(pdf_open_action, SCRIPT, NOTE, NONE)           /* something is done when it is opened; which action */
FINDING(pdf_additional_action, SCRIPT, DOUBTFUL, NONE) /* AA: done by events */
FINDING(pdf_launch, PROGRAM, DANGEROUS, NONE)          /* starts a program; which */
FINDING(pdf_rich_media, EMBEDDED, DOUBTFUL, NONE)      /* Flash, 3D, sound, film */
FINDING(pdf_xfa, SCRIPT, DOUBTFUL, NONE)               /* XML forms */
FINDING(pdf_uri, REMOTE, NOTE, NONE)                   /* a link; its URL */
FINDING(pdf_submit, REMOTE, DOUBTFUL, NONE)            /* sends a form, imports data; the URL */
FINDING(pdf_remote, REMOTE, DANGEROUS, NONE)           /* goes to a document elsewhere (UNC gives the password away); the path */

/* Pages: HTML, SVG, XML, MHTML. */
FINDING(page_script, SCRIPT, DOUBTFUL, NONE)
FINDING(page_script_external, SCRIPT, DANGEROUS, NONE) /* the URL */
FINDING(page_handler, SCRIPT, DOUBTFUL, NONE)          /* onload and such, javascript: links; which */
FINDING(page_form, SCRIPT, DOUBTFUL, NONE)             /* a form that sends; its target */
FINDING(page_password, SCRIPT, DANGEROUS, NONE)        /* a field for a password */
FINDING(page_refresh, REMOTE, DANGEROUS, NONE)         /* goes elsewhere by itself; the URL */
FINDING(page_frame, REMOTE, DOUBTFUL, NONE)            /* iframe, object, embed; the URL */
FINDING(page_data_link, SCRIPT, DANGEROUS, NONE)       /* a link or download from a data: or blob: URL; its type */
FINDING(page_smuggling, SCRIPT, DANGEROUS, NONE)       /* a script that builds a file: Blob, atob, msSaveOrOpenBlob; the words */
FINDING(page_obfuscated, SCRIPT, DANGEROUS, NONE)      /* eval of unescaped or decoded text; the words */
FINDING(page_conditional, SCRIPT, NOTE, NONE)          /* a conditional comment or VML, that old Office and Explorer run */
FINDING(svg_script, SCRIPT, DANGEROUS, NONE)           /* script, handler or foreign page in a picture; which */
FINDING(xml_entity, SCRIPT, DOUBTFUL, NONE)            /* a document type with entities: bomb, or fetches; the URL or "internal" */
FINDING(xml_stylesheet, SCRIPT, DOUBTFUL, NONE)        /* XSLT can run scripts; the URL */

/* Calendars and cards. */
FINDING(calendar_attachment, EMBEDDED, DOUBTFUL, NONE) /* its name, type or URL */
FINDING(calendar_link, REMOTE, NOTE, NONE)             /* the URL */
FINDING(calendar_procedure, PROGRAM, DANGEROUS, NONE)  /* an alarm that runs a program; which */

/* Beyond looking. */
FINDING(message_encrypted, OPAQUE, NOTE, ENCRYPTED)    /* S/MIME, OpenPGP; which */
FINDING(over_budget, OPAQUE, DOUBTFUL, BUDGET)         /* which limit: "unpacked", "member", "entries", "steps" */
